"""The whole firewall of a host."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pyinfra import host, logger, state

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.ufw import Firewall, FirewallState, Table
from deploys.operations import commit_confirmed, file_set, staging
from deploys.operations.file_set import File
from deploys.operations.ufw_rules import END, beyond, drift, file_with_rules, with_rules, without_rules

INIT = "/usr/lib/ufw/ufw-init"
KEY = "firewall"
UNCONFIRMED = commit_confirmed.directory(KEY)

# Tables other than filter are saved too, since ufw empties their built-in chains. Without any rule the
# filter table does not exist yet, and would not be saved.
SAVE = """
for tables in iptables ip6tables; do
  $tables-save > "$stage/$tables" 2>/dev/null || continue
  grep -q '^\\*filter' "$stage/$tables" ||
    $tables-save --table filter >> "$stage/$tables" 2>/dev/null || true
done
"""
# The kernel tracks connections only once a rule asks for their state. One that is older counts as
# new then, and what the host says on it is dropped: first of all the end of the very command that
# loads the rules. A little traffic both ways makes it known before.
TRACK = """
if ! iptables -S | grep -q conntrack; then
  for tables in iptables ip6tables; do
    $tables -I OUTPUT -m conntrack --ctstate ESTABLISHED 2>/dev/null || true
  done
  for moment in 1 2 3 4 5; do
    echo "The kernel gets to know the connections that are open."
    sleep 0.1
  done
fi
"""
# ufw-init's own reload flushes all rules before it makes them anew: for a moment the host lets anybody
# in, and tracks nothing. What begins in that moment belongs to no connection that the kernel knows of,
# and what the host says on it first, such as its end, is dropped. So they are made where nobody is, and
# then in force at once.
MADE = f"""
set -eu
{INIT} start
iptables-save > "$stage/iptables.new"
[ ! -e /proc/net/if_inet6 ] || ip6tables-save > "$stage/ip6tables.new"
made=yes
grep -q '^:ufw-user-input ' "$stage/iptables.new" || made=no
[ ! -e /proc/net/if_inet6 ] || grep -q '^:ufw6-user-input ' "$stage/ip6tables.new" || made=no
if [ $made = no ]; then
  echo 'ufw made no rules of what its files say. Do iptables and, where there is IPv6, ip6tables work here?' >&2
  exit 1
fi
"""
# A table that is flushed as a whole is made anew, with nftables below: its chains let everything through
# for some microseconds, until they have their policy. So chains stay, and what is in them changes.
REPLACED = """
cat > "$stage/replacing" <<'AWK'
/^[*]/ { filter = ($0 == "*filter") }
was { if (filter) if (/^:/) if ($2 == "-") there[substr($1, 2)]; next }
/^:/ { if ($2 != "-") flushed = flushed "-F " substr($1, 2) "\\n"; else if (filter) delete there[substr($1, 2)] }
/^-|^COMMIT/ { printf "%s", flushed; flushed = ""; if (filter) if (!seen++) for (chain in there) print "-F " chain }
/^COMMIT/ { if (filter) for (chain in there) print "-X " chain }
/^[^#]/ { print }
AWK
for tables in iptables ip6tables; do
  [ -s "$stage/$tables.new" ] || continue
  awk -f "$stage/replacing" was=1 "$stage/$tables" was=0 "$stage/$tables.new" > "$stage/$tables.loads"
  $tables-restore --noflush --wait 10 < "$stage/$tables.loads"
done
"""
# As ufw-init does at boot, once the files are where it reads them.
SYSCTL = '(. /etc/default/ufw; [ ! -s "${IPT_SYSCTL:-}" ] || sysctl --ignore --quiet --load "$IPT_SYSCTL" || true)'
RESTORE = f"""
for tables in iptables ip6tables; do
  [ ! -s "$stage/$tables" ] || $tables-restore --wait 10 < "$stage/$tables" || {INIT} flush-all
done
"""


@operation
def ruleset(
    files: Sequence[File], tables: Mapping[int, Table], hosts: Sequence[str] = (), timeout: float = 20
) -> Steps:
    """
    Have the whole firewall as declared, on disk and in the kernel, now and from boot on.

    What is not declared is removed, also where it was added by hand, with ``ufw`` or with
    ``iptables``. Only what let this host and ``hosts`` reach each other stays until ``closed``:
    they may send there until they, too, are as declared. A ruleset that locks the controller out
    does not stay: see commit_confirmed.py.

    + files: ufw's files
    + tables: the filter table that the kernel has once they are loaded, by address family (4, 6),
      each rule as ``iptables -S`` prints it
    + hosts: addresses of the site's other hosts (default none)
    + timeout: seconds that a new login may take to confirm a change (default 20)

    **Example:**

    .. code:: python

        ufw.ruleset(
            name="Ruleset",
            files=[File("/etc/ufw/user.rules", text, mode="640"), ...],
            tables={4: ipv4.table, 6: ipv6.table},
            hosts=["10.0.0.11", "10.0.0.12"],
        )
    """
    current: FirewallState = yield _reading(files)
    staying = beyond(tables, current.live, hosts)
    if staying:
        without = {family: without_rules(table, staying) for family, table in current.live.items()}
        others = [file for file in files if END not in file.content]
        if _is_in_force(others, tables, replace(current, live=without)):
            host.noop("all is open that is declared; the rest is closed afterwards")
            return
        files = [file_with_rules(file, staying) for file in files]
        tables = {family: with_rules(table, staying) for family, table in tables.items()}
    yield from _in_force(files, tables, current, timeout)


@operation
def closed(files: Sequence[File], tables: Mapping[int, Table], hosts: Sequence[str], timeout: float = 20) -> Steps:
    """
    Close what ``ruleset`` has left open between the site's hosts though it is not declared.

    + files: ufw's files
    + tables: the filter table that the kernel has once they are loaded, by address family (4, 6)
    + hosts: addresses of the site's other hosts
    + timeout: seconds that a new login may take to confirm a change (default 20)

    **Example:**

    .. code:: python

        ufw.closed(name="What no host needs any more", files=files, tables=tables, hosts=["10.0.0.11"])
    """
    current: FirewallState = yield _reading(files)
    if not beyond(tables, current.live, hosts):
        host.noop("nothing is open that is not declared")
        return
    yield from _in_force(files, tables, current, timeout)


def _reading(files: Sequence[File]) -> Reading:
    return Reading(Firewall, paths=(*(file.path for file in files), UNCONFIRMED))


def _in_force(files: Sequence[File], tables: Mapping[int, Table], current: FirewallState, timeout: float) -> Steps:
    if _is_in_force(files, tables, current):
        host.noop("the ruleset is in force")
        return
    changes = file_set.difference(files, (), (), current.files)
    file_set.show(changes)
    if state.config.DIFF and not changes:
        for line in drift(tables, current.live):
            logger.info(f"{host.print_prefix}  {line}")
    made = staging.seen_in_place(changes, f"unshare --net sh -c {shlex.quote(MADE)}")
    yield from commit_confirmed.change(
        key=KEY,
        changes=changes,
        # Loaded for a network that nobody uses: what the kernel refuses, it refuses there.
        validate=f"unshare --net {INIT} start",
        prepare=[SAVE],
        attempt=[TRACK, f'{made} >"$stage/said" 2>&1 || {{ cat "$stage/said" >&2; exit 1; }}', REPLACED],
        undo=[RESTORE],
        keep=[
            *([] if current.enabled else [f"systemctl --quiet {verb} ufw.service" for verb in ("unmask", "enable")]),
            "systemctl start ufw.service",
            SYSCTL,
        ],
        timeout=timeout,
    )


def _is_in_force(files: Sequence[File], tables: Mapping[int, Table], current: FirewallState) -> bool:
    return (
        current.enabled
        and UNCONFIRMED not in current.files.files
        and not file_set.difference(files, (), (), current.files)
        and not drift(tables, current.live)
    )
