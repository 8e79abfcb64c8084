"""What a host's Patroni says of itself, and of what all its members share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api import FactBase

CONFIGURATION = "/etc/patroni/config.yml"
CREDENTIALS = "/etc/tracseq/patroni"
"""Where a host keeps the certificate with which Patroni shows etcd and the other members who it is."""
REST = f"""
rest() {{
  curl --silent --show-error --max-time "${{patience:-5}}" --cacert {CREDENTIALS}/authority.crt \\
    --cert {CREDENTIALS}/client.crt --key {CREDENTIALS}/client.key "$@"
}}
api() {{ sed -n 's/^  connect_address: \\(.*\\)/https:\\/\\/\\1/p' {CONFIGURATION} | head -n 1; }}
"""
"""Shell: functions ``rest``, which is curl with the host's certificate, and ``api``, the URL of its own Patroni."""


@dataclass(frozen=True)
class PatroniState:
    """Patroni on a host."""

    configured: bool = False
    """Whether it keeps the host's server: whether its configuration is there."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """What it says of its server; nothing where it does not answer."""
    shared: Mapping[str, Any] = field(default_factory=dict)
    """The configuration that its members share in etcd."""
    members: tuple[Mapping[str, Any], ...] = ()
    """The members as etcd has them."""
    watchdog: bool = False
    """Whether it has a watchdog, which resets the machine when Patroni does not run any more."""

    @property
    def paused(self) -> bool:
        """Whether somebody has told it to leave the servers alone."""
        return bool(self.shared.get("pause"))

    @property
    def waiting(self) -> tuple[str, ...]:
        """The members whose server must be restarted for what they share."""
        return tuple(str(one["name"]) for one in self.members if one.get("pending_restart"))


class Patroni(FactBase[PatroniState]):
    """What the host's Patroni says, where it has one."""

    def command(self) -> str:
        return f"""
[ -e {CONFIGURATION} ] || exit 0
echo configured
{REST}
for what in patroni config cluster; do
  printf '%s\\t' "$what"; rest "$(api)/$what" 2>/dev/null | tr '\\n\\t' '  '; echo
done
pid=$(systemctl show --property=MainPID --value patroni.service)
[ -z "$(find "/proc/$pid/fd" -lname '/dev/watchdog*' 2>/dev/null)" ] || echo watchdog
true
"""

    @staticmethod
    def default() -> PatroniState:
        return PatroniState()

    def process(self, output: list[str]) -> PatroniState:
        rows = [line.partition("\t") for line in output]
        said = {name: parsed(text) for name, _, text in rows}
        return PatroniState(
            configured="configured" in said,
            own=said.get("patroni", {}),
            shared=said.get("config", {}),
            members=tuple(said.get("cluster", {}).get("members", ())),
            watchdog="watchdog" in said,
        )


def parsed(text: str) -> dict[str, Any]:
    """An object of JSON; empty where it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
