"""
The lock of a run on a host: taken, and kept for as long as the run's connection to the host lasts.

The lock is one of the kernel's (flock(2)), held by a process of the host that ends with the
connection's own process. So a run that dies, in whatever way, takes its locks with it as soon as the
host knows that it is gone. Until then the host says for how long it has heard nothing of it.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from pyinfra.api import FactBase

FILE = "/run/tracseq/run.lock"
GRACE = 2
"""Seconds that a lock is waited for: a run that has just ended may still be closing its connections."""

# pyinfra's side says something every three seconds (engine/connection.py).
SILENCE = 15
"""Seconds without a word after which a run is taken for dead or cut off."""


@dataclass(frozen=True)
class Request:
    """
    A run that asks for the lock.

    + name: of the run
    + what: what it does, for whom it keeps out
    + broken: name of another run whose lock is broken
    """

    name: str
    what: str
    broken: str | None = None


@dataclass(frozen=True)
class Holder:
    """The run that has the lock of a host."""

    name: str
    since: str
    """Date and time, by the host's clock."""
    origin: str
    """The address that it came from."""
    what: str
    silence: float
    """Seconds since anything came from it."""

    @property
    def dead(self) -> bool:
        """Whether it has been silent for longer than a run that lives ever is."""
        return self.silence > SILENCE


@dataclass(frozen=True)
class LockState:
    """Whether the asking run has the lock, and who has it otherwise."""

    taken: bool = False
    holder: Holder | None = None


def session() -> str:
    """Shell: ``$session`` is the process of the connection that this shell came by."""
    return """
session=$PPID
while [ "$session" -gt 1 ]; do
  case $(cat "/proc/$session/comm" 2>/dev/null) in sshd*) break ;; esac
  session=$(sed 's/.*) [A-Z] //; s/ .*//' "/proc/$session/stat" 2>/dev/null || echo 0)
done
[ "${session:-0}" -gt 1 ] || session=$PPID
"""


def script(request: Request | None) -> str:
    """
    Shell, for root, with the connection's process as its first argument: take the lock, or say who has it.

    + request: None to look only
    """
    if request:
        name, what = shlex.quote(request.name), shlex.quote(request.what)
        taken = f"""
broken={shlex.quote(request.broken or "nobody")}
if [ "$(cut -f 1 {FILE})" = "$broken" ] && ! flock --nonblock 9; then
  holder=$(cut -f 5 {FILE})
  [ "$(cat "/proc/$holder/comm" 2>/dev/null)" != tail ] || kill "$holder"
fi
if flock --timeout {GRACE} 9; then
  setsid tail --pid="$1" -s 0.2 -f /dev/null </dev/null >/dev/null 2>&1 &
  printf '%s\\t' {name} "$(date -u '+%Y-%m-%d %H:%M:%S UTC')" "${{2:-here}}" {what} "$!" "$1" > {FILE}
  printf 'lock\\ttaken\\n'
  exit 0
fi"""
    else:
        taken = "\nif flock --nonblock 9; then exit 0; fi"
    return f"""
mkdir -p /run/tracseq
exec 9<>{FILE}
{taken}
line=$(cat {FILE})
silence=$(ss -Htinp 2>/dev/null | grep -A 1 "pid=$(printf '%s' "$line" | cut -f 6)," |
  sed -n 's/.* lastrcv:\\([0-9]*\\).*/\\1/p' | sort -n | head -n 1)
printf 'lock\\theld\\t%s\\t%s\\n' "${{silence:-0}}" "$line"
"""


def parse(output: list[str]) -> LockState:
    """What ``script()`` printed."""
    for line in output:
        match line.split("\t"):
            case ["lock", "taken"]:
                return LockState(taken=True)
            case ["lock", "held", silence, name, since, origin, what, *_]:
                return LockState(holder=Holder(name, since, origin, what, int(silence) / 1000))
    return LockState()


class RunLock(FactBase[LockState]):
    """
    The lock of a run on a host, taken where it is free.

    + request: the run that asks for it; None to look only
    """

    def command(self, request: Request | None = None) -> str:
        return f"""
root=""; [ "$(id -u)" = 0 ] || root="sudo -n"
{session()}
$root sh -c {shlex.quote(script(request))} lock "$session" "${{SSH_CLIENT%% *}}"
true
"""

    @staticmethod
    def default() -> LockState:
        return LockState()

    def process(self, output: list[str]) -> LockState:
        return parse(output)
