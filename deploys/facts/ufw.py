"""A host's firewall: ufw's files, whether it starts at boot, and what the kernel has loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts import file_set
from deploys.facts.file_set import Files, FileSetState

PROTOCOL_NUMBERS = {"vrrp": "112", "igmp": "2"}
"""Protocols whose names only a host with Debian's netbase knows (protocols(5)): tables have their numbers."""


@dataclass(frozen=True)
class Table:
    """The kernel's filter table of one address family, as ``iptables -S`` prints it."""

    policies: Mapping[str, str] = field(default_factory=dict)
    chains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The rules of each chain that has any, without ``-A`` and the chain's name."""


@dataclass(frozen=True)
class FirewallState:
    """ufw's files, whether it starts at boot, and the live tables by address family."""

    files: FileSetState = field(default_factory=FileSetState)
    enabled: bool = False
    live: Mapping[int, Table] = field(default_factory=dict)
    """A family that the host's kernel does not have is not in it."""


def table(lines: Iterable[str]) -> Table:
    """
    A filter table from the lines of ``iptables -S``.

    + lines: the lines; those that are neither a policy nor a rule are skipped
    """
    policies: dict[str, str] = {}
    chains: dict[str, list[str]] = {}
    for line in lines:
        match line.split(maxsplit=2):
            case ["-P", chain, policy]:
                policies[chain] = policy
            case ["-A", chain, rule]:
                for name, number in PROTOCOL_NUMBERS.items():
                    rule = rule.replace(f"-p {name} ", f"-p {number} ")
                chains.setdefault(chain, []).append(rule)
    return Table(policies, {chain: tuple(rules) for chain, rules in chains.items()})


class Firewall(FactBase[FirewallState]):
    """
    The whole firewall, in one execution.

    + paths: absolute paths of ufw's files
    """

    def command(self, paths: Sequence[str]) -> str:
        self.files = [Files(paths, (), "firewall")]
        return f"""
{file_set.reading(self.files)}
systemctl is-enabled ufw.service 2>/dev/null | sed 's/^/unit\\t/'
iptables -S 2>/dev/null | sed 's/^/live4\\t/'
[ ! -e /proc/net/if_inet6 ] || ip6tables -S 2>/dev/null | sed 's/^/live6\\t/'
true
"""

    @staticmethod
    def default() -> FirewallState:
        return FirewallState()

    def process(self, output: list[str]) -> FirewallState:
        rows = [line.partition("\t") for line in output]
        [files] = file_set.parse(self.files, output)
        live = {family: table(rest for key, _, rest in rows if key == f"live{family}") for family in (4, 6)}
        return FirewallState(
            files=files,
            enabled=("unit", "\t", "enabled") in rows,
            live={family: found for family, found in live.items() if found.policies},
        )
