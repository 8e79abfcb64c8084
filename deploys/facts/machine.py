"""A machine as it is, before anything was done to it: one reading for all that preflight asks."""

from __future__ import annotations

import shlex
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts import balancer, run_lock
from deploys.facts.balancer import AsksState
from deploys.facts.filled import filled
from deploys.facts.run_lock import LockState, Request

LOCK = "/run/tracseq/lock"
"""Held by whatever a run does on a host, for as long as it takes, whatever becomes of the run."""

LOCK_TIMEOUT = 900
"""Seconds to wait for the lock: as long as an apt-get of a run that was killed may take."""


@dataclass(frozen=True)
class Held:
    """A certificate whose key the host has."""

    certificate: str
    """As PEM text."""
    key: str
    """Owner, group and mode of the key."""


@dataclass(frozen=True)
class MachineState:
    """What a machine is and has."""

    values: dict[str, str] = field(default_factory=dict)
    listeners: dict[int, str] = field(default_factory=dict)
    """Which program listens on a TCP port."""
    units: dict[int, str] = field(default_factory=dict)
    """The unit of that program, where it is a service's."""
    reached: dict[tuple[str, int], str] = field(default_factory=dict)
    """``open``, ``refused`` or what went wrong, by address and port."""
    rules: tuple[str, ...] = ()
    """The rules of a firewall that is in force, as ufw keeps them; empty where none is."""
    firewall: bool = False
    roles: frozenset[str] = frozenset()
    """The names of the roles that it was once given."""
    addresses: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By each of its addresses: the interface that has it, and the address with the length of its network."""
    network_files: Mapping[str, str] = field(default_factory=dict)
    """The file by which systemd-networkd sets up an interface, by its name; none where something else does."""
    lock: LockState = field(default_factory=LockState)
    held: Mapping[str, Held] = field(default_factory=dict)
    """The certificates, by path, whose keys the host has."""
    filled: frozenset[str] = frozenset()
    """Which of the directories that were asked for hold anything."""
    revoked: Mapping[str, float] = field(default_factory=dict)
    """Whose certificates its authority renews no more if they were made before a time, in seconds since 1970."""
    asks: AsksState = field(default_factory=AsksState)
    """How it asks gateways, where it is a load balancer."""

    def number(self, name: str) -> float:
        """One of its numbers, such as ``memory`` in bytes or ``cpus``; 0 where it is not known."""
        return float(self.values.get(name) or 0)


REVOKED = "/etc/tracseq/certificate-authority/revoked"
"""Whose certificates a site's authority renews no more: a name, a tab, and the time before which they were made."""


def held(pairs: Sequence[tuple[str, str]]) -> str:
    """
    Shell: the certificates whose keys are there, each with its text.

    + pairs: paths of certificates and their keys
    """
    if not pairs:
        return "true"
    lines = [
        "pair() {",
        '  public=$(openssl x509 -in "$1" -noout -pubkey) && [ "$public" = "$(openssl pkey -in "$2" -pubout)" ] &&',
        '    printf \'held\\t%s\\t%s\\t%s\\n\' "$1" "$(base64 -w 0 "$1")" "$(stat -L -c "%U %G %a" "$2")"',
        "}",
        *(f"pair {shlex.quote(certificate)} {shlex.quote(key)}" for certificate, key in pairs),
        f"sed 's/^/revoked\\t/' {REVOKED}",
    ]
    return "\n".join(lines)


class Machine(FactBase[MachineState]):
    """
    System, size, clock, addresses, ports, sudo, shell, and whom the machine reaches, in one execution.

    It runs as the login user: that this user may use sudo is one of the things it finds out.

    + targets: addresses and ports to try to reach
    + traces: paths of which one is there where the host has a role, by the role's name
    + request: the run that asks for the host's lock; None to look only
    + pairs: paths of certificates and their keys
    + directories: of which it is asked whether they hold anything
    """

    def command(
        self,
        targets: Sequence[tuple[str, int]],
        traces: Mapping[str, Sequence[str]],
        request: Request | None = None,
        pairs: Sequence[tuple[str, str]] = (),
        directories: Sequence[str] = (),
    ) -> str:
        found = "\n".join(
            f"for path in {' '.join(map(shlex.quote, paths))}; do"
            f" [ ! -e $path ] || {{ printf 'role\\t%s\\n' {role}; break; }}; done"
            for role, paths in traces.items()
            if paths
        )
        # What an earlier run began here and nobody waits for any more must have ended, or what is
        # read now is not what will be there.
        said = "printf 'filled\\t%s\\n' "
        found += "".join("\n" + filled(one, said + shlex.quote(one)) for one in directories)
        found = f"{found}\n{held(pairs)}\n{balancer.asks()}"
        as_root = f"{found}\n( {run_lock.script(request)} )\nflock --timeout {LOCK_TIMEOUT} {LOCK} true"
        tries = "\n".join(f"try {shlex.quote(address)} {port} &" for address, port in targets)
        return f"""
root=""; [ "$(id -u)" = 0 ] || root="sudo -n"
try() {{
  said=$(LC_ALL=C timeout 2 bash -c "</dev/tcp/$1/$2" 2>&1); code=$?
  case "$code $said" in
    "0 "*) answer=open ;;
    *refused*) answer=refused ;;
    124*) answer="no answer within 2 s" ;;
    *) answer=${{said##*: }} ;;
  esac
  printf 'reach\\t%s\\t%s\\t%s\\n' "$1" "$2" "$answer"
}}
say() {{ printf 'is\\t%s\\t%s\\n' "$1" "$2"; }}
say clock "$(date +%s.%N)"
say origin "${{SSH_CLIENT%% *}}"
{run_lock.session()}
$root sh -c {shlex.quote(as_root)} machine "$session" "${{SSH_CLIENT%% *}}" 2>/dev/null
{tries}
. /etc/os-release
say system "$ID"; say version "${{VERSION_ID:-}}"
say architecture "$(uname -m)"
say cpus "$(nproc)"
say memory "$(($(sed -n 's/^MemTotal: *\\([0-9]*\\).*/\\1/p' /proc/meminfo) * 1024))"
set -- $(df --block-size=1 --output=size,avail / | tail -n 1)
say disk "$1"; say disk_free "$2"
ip -o address show scope global 2>/dev/null | while read -r _ interface _ address _; do
  printf 'address\\t%s\\t%s\\n' "$interface" "$address"
done
for link in /run/systemd/netif/links/*; do
  file=$(sed -n 's/^NETWORK_FILE=//p' "$link" 2>/dev/null)
  [ -z "$file" ] || for index in /sys/class/net/*/ifindex; do
    [ "$(cat "$index")" != "${{link##*/}}" ] ||
      printf 'network_file\\t%s\\t%s\\n' "$(basename "${{index%/*}}")" "$file"
  done
done
user=$(id -un); shell=$(getent passwd "$user" | cut -d: -f7)
# CPU time of what the shell starts and ends, and not time on the wall: on a busy host that passes anyway.
spent=$(
  for attempt in 1 2; do
    env SHLVL=0 SSH_CLIENT="${{SSH_CLIENT:-}}" "$shell" -c true </dev/null >/dev/null 2>&1
  done
  times | tail -n 1 | sed 's/[0-9]*m//g; s/s//g'
)
say shell_start "$(set -- $spent; awk "BEGIN {{ print int(($1 + $2) / 2 * 1000000) }}")"
$root true 2>/dev/null && say sudo yes || say sudo no
$root ss -Hltnp 2>/dev/null | while read -r _ _ _ local _ process; do
  name=${{process#*\\"}}; number=${{process#*pid=}}; unit=""
  while read -r line; do case "$line" in *.service) unit=${{line##*/}} ;; esac; done \\
    2>/dev/null < "/proc/${{number%%,*}}/cgroup"
  printf 'listens\\t%s\\t%s\\t%s\\n' "${{local##*:}}" "${{name%%\\"*}}" "$unit"
done
# What is longer than a pipe takes at once would be torn apart by the tries' lines (pipe(7), PIPE_BUF).
wait
if $root grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf; then
  say firewall yes
  $root cat /etc/ufw/user.rules /etc/ufw/user6.rules 2>/dev/null | sed -n 's/^-A /rule\\t/p'
fi
"""

    @staticmethod
    def default() -> MachineState:
        return MachineState()

    def process(self, output: list[str]) -> MachineState:
        rows = [line.split("\t") for line in output]
        values = {row[1]: row[2] for row in rows if row[0] == "is" and len(row) == 3}
        return MachineState(
            values=values,
            # A process that systemd is about to start is called "(python)" until then.
            listeners={int(row[1]): row[2].strip("()") for row in rows if row[0] == "listens"},
            units={int(row[1]): row[3] for row in rows if row[0] == "listens" and len(row) == 4 and row[3]},
            reached={(row[1], int(row[2])): row[3] for row in rows if row[0] == "reach"},
            rules=tuple(row[1] for row in rows if row[0] == "rule"),
            firewall=values.get("firewall") == "yes",
            roles=frozenset(row[1] for row in rows if row[0] == "role"),
            addresses={row[2].partition("/")[0]: (row[1], row[2]) for row in rows if row[0] == "address"},
            network_files={row[1]: row[2] for row in rows if row[0] == "network_file"},
            lock=run_lock.parse(output),
            held={row[1]: Held(b64decode(row[2]).decode(), row[3]) for row in rows if row[0] == "held"},
            filled=frozenset(row[1] for row in rows if row[0] == "filled"),
            revoked={row[1]: float(row[2]) for row in rows if row[0] == "revoked"},
            asks=balancer.asked(row[1] for row in rows if row[0] == "asks"),
        )
