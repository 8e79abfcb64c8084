"""A host's gateway: its release, since when, and whether it answers."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from pyinfra.api import FactBase

from deploys.facts import release_history
from deploys.facts.release_history import Switch

UNIT = "tracseq-gateway.service"
GREEN_UNIT = "tracseq-gateway-green.service"
"""A second gateway of the host, where releases switch from one to the other."""
PROGRAM = "gateway"
"""What its releases are noted as on a host."""
SHOWN = 5
"""How many changes of its release are read."""
DIRECTORY = "/opt/tracseq/gateway"
"""It holds the releases, and the link to the current one."""
CURRENT = "current"
"""That link; the second gateway has one of its own."""


@dataclass(frozen=True)
class GatewayState:
    """What was read of a host."""

    release: str | None = None
    since: int | None = None
    """When the release was made the current one, in seconds since 1970 by the host's clock."""
    debian: str | None = None
    """The host's Debian release: what a gateway's release is made for."""
    answer: str | None = None
    """The HTTP status code of its health endpoint; ``000`` where it did not answer, None where it is stopped."""
    history: tuple[Switch, ...] = ()
    """The last times that its release changed, the latest last."""


@dataclass(frozen=True)
class PortsState:
    """Where other hosts ask a gateway."""

    plain: bool = False
    """Whether they may at its port without encryption."""
    tls: int | None = None
    """Where they do over mutual TLS; None: nowhere."""


class Ports(FactBase[PortsState]):
    """
    Where other hosts ask a gateway, as it is set up.

    + environment: the file that it reads
    + socket: the file of what listens for it
    """

    def command(self, environment: str, socket: str) -> str:
        return f"""
[ ! -e {socket} ] || grep -q '^ListenStream=127' {socket} || echo plain
sed -n 's/^GATEWAY_TLS_PORT="\\([0-9]*\\)"$/\\1/p' {environment} 2>/dev/null
true
"""

    @staticmethod
    def default() -> PortsState:
        return PortsState()

    def process(self, output: list[str]) -> PortsState:
        return PortsState("plain" in output, next((int(line) for line in output if line.isdecimal()), None))


class Gateway(FactBase[GatewayState]):
    """
    The current release of the gateway and what its health endpoint answers.

    + healthy: URL that answers 200 when the gateway is well
    + link: the link to its release
    + unit: its unit
    """

    def command(self, healthy: str, link: str = CURRENT, unit: str = UNIT) -> str:
        link, history = f"{DIRECTORY}/{link}", f"{release_history.DIRECTORY}/{PROGRAM}"
        # A link's time of modification is the deploy's to choose; when it was put in its place is not.
        return f"""
[ ! -L {link} ] || printf 'release\\t%s\\t%s\\n' "$(basename "$(readlink {link})")" "$(stat -c %Z {link})"
tail -n {SHOWN} {history} 2>/dev/null | sed 's/^/switch\\t/'
printf 'debian\\t%s\\n' "$(sed -n 's/^VERSION_ID="\\(.*\\)"/\\1/p' /etc/os-release)"
# Whoever asks a gateway that is stopped starts it by its socket.
systemctl is-active --quiet {unit} || exit 0
printf 'answer\\t%s\\n' "$(curl --silent --max-time 5 --output /dev/null \\
  --write-out '%{{http_code}}' {shlex.quote(healthy)} 2>/dev/null)"
true
"""

    @staticmethod
    def default() -> GatewayState:
        return GatewayState()

    def process(self, output: list[str]) -> GatewayState:
        rows = {row[0]: row[1:] for line in output if (row := line.split("\t"))}
        release, since = rows.get("release", (None, None))
        [answer] = rows.get("answer", (None,))
        [debian] = rows.get("debian", (None,))
        switches = [line.removeprefix("switch\t") for line in output if line.startswith("switch\t")]
        return GatewayState(release, int(since) if since else None, debian, answer, release_history.parsed(switches))
