"""What a host is like: all of it that a run decides, so that two hosts can be compared."""

from __future__ import annotations

from tests import lab

ASK = r"""
own='/etc/(machine-id|ssh/ssh_host_|ssl/private/ssl-cert-snakeoil|resolv.conf|ld.so.cache|[.]pwd.lock|[.]updated|ssl/certs/)'
accounts='/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$'
echo "== files"
find /etc /opt/tracseq /usr/local -xdev \( -name __pycache__ -prune \) -o \
  \( -type f -o -type l \) -printf '%p %m %u %g %l\n' | grep -v -E "^$own|-( |$)" | sort
echo "== contents"
find /etc -xdev -type f -print0 | xargs -0 sha256sum | grep -v -E " $own| $accounts" | sort -k 2
echo "== users"
getent passwd | cut -d: -f1,6,7 | sort
echo "== packages"
dpkg-query --show --showformat '${Package} ${db:Status-Status}\n'
echo "== units"
systemctl list-unit-files --no-legend --state=enabled | sort
systemctl list-units --no-legend --plain --type=service,socket --state=active | awk '{print $1, $3}' |
  grep -v -E '^(user|session|systemd-(tmpfiles-clean|hostnamed|timedated)|apt-|dpkg-)' | sort
echo "== rules"
iptables -S
ip6tables -S
echo "== kernel"
sysctl net.core.somaxconn net.ipv4.tcp_rmem net.ipv4.tcp_wmem net.ipv4.tcp_congestion_control
echo "== postgres"
if cd / && command -v psql >/dev/null; then
  runuser -u postgres -- psql -XAtq \
    -c "select rolname, rolsuper, rolreplication, rolcanlogin from pg_roles order by 1" \
    -c "select datname, pg_get_userbyid(datdba) from pg_database order by 1" \
    -c "select slot_name from pg_replication_slots where not pg_is_in_recovery() order by 1" \
    -c "select pg_is_in_recovery()" \
    -c "select name, setting from pg_settings where source = 'configuration file' order by 1"
fi
echo "== left behind"
ls -d /run/tracseq/stage.* /var/tmp/tracseq-* /etc/*/*.tracseq-new /usr/sbin/policy-rc.d 2>/dev/null
true
"""


def of(name: str, inventory: str = lab.INVENTORY) -> list[str]:
    """The state of a host, as lines."""
    return lab.ssh(name, ASK, inventory=inventory).splitlines()


def difference(one: list[str], other: list[str]) -> list[str]:
    """The lines that only one of two states has."""
    first, second = set(one), set(other)
    return [f"- {line}" for line in one if line not in second] + [f"+ {line}" for line in other if line not in first]
