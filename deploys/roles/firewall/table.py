"""
The whole filter table of a host as one value: ufw's files are written from it, and the kernel's is compared with it.

Every rule is written as ``iptables -S`` and ``ip6tables -S`` print it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from deploys.facts.ufw import PROTOCOL_NUMBERS, Table
from deploys.roles.firewall.before import Group, before
from deploys.settings.rules import HostRule

BUILT_IN = {"INPUT": "input", "OUTPUT": "output", "FORWARD": "forward"}
STATIONS = ("before-logging", "before", "after", "after-logging", "reject", "track")
"""What ufw makes a packet pass, in this order (ufw-framework(8))."""
USER_CHAINS = (
    "user-input", "user-output", "user-forward",
    "before-logging-input", "before-logging-output", "before-logging-forward",
    "user-logging-input", "user-logging-output", "user-logging-forward",
    "after-logging-input", "after-logging-output", "after-logging-forward",
    "logging-deny", "logging-allow", "user-limit", "user-limit-accept",
)  # fmt: skip
"""What user.rules declares (ufw's own src/backend_iptables.py wants all of them)."""
LIMITED = "-m limit --limit 3/min --limit-burst 10 -j"
UNREACHABLE = {4: "icmp-port-unreachable", 6: "icmp6-port-unreachable"}
ANYONE = {4: "0.0.0.0/0", 6: "::/0"}
TARGETS = {"allow": "ACCEPT", "deny": "DROP"}


@dataclass(frozen=True)
class UserRule:
    """A rule of the data: the line by which ufw lists it, and what the kernel is given."""

    listed: str
    chain: str
    rule: str


@dataclass(frozen=True)
class FamilyRules:
    """All rules of one address family."""

    prefix: str
    """How the names of ufw's chains begin: ``ufw`` or ``ufw6``."""
    before: Sequence[Group]
    user: Sequence[UserRule]
    logging: Sequence[tuple[str, str]]
    """Chains and rules that log what is dropped."""
    limiting: Sequence[tuple[str, str]]
    """Chains and rules of ``ufw limit``."""

    @property
    def user_chains(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}-{chain}" for chain in USER_CHAINS)

    @property
    def before_chains(self) -> tuple[str, ...]:
        """The chains of before.rules, in which the first ones are those that ufw itself expects."""
        expected = tuple(f"{self.prefix}-before-{way}" for way in BUILT_IN.values())
        return tuple(dict.fromkeys((*expected, *(chain for group in self.before for chain, _ in group.rules))))

    @property
    def table(self) -> Table:
        """The filter table that the kernel has when these are loaded."""
        chains: dict[str, list[str]] = defaultdict(list)
        for chain in (*self.before_chains, *self.user_chains):
            chains[chain] = []
        for chain, rule in self._rules():
            chains[chain].append(rule)
        for built_in, way in BUILT_IN.items():
            chains[built_in] = [f"-j {self.prefix}-{station}-{way}" for station in STATIONS]
            chains[f"{self.prefix}-before-{way}"].append(f"-j {self.prefix}-user-{way}")
            chains[f"{self.prefix}-skip-to-policy-{way}"] = ["-j DROP"]
            for empty in ("reject", "track"):
                chains[f"{self.prefix}-{empty}-{way}"] = []
        return Table(dict.fromkeys(BUILT_IN, "DROP"), {chain: tuple(rules) for chain, rules in chains.items()})

    def _rules(self) -> Iterator[tuple[str, str]]:
        for group in self.before:
            yield from group.rules
        yield from ((one.chain, one.rule) for one in self.user)
        yield from self.logging
        yield from self.limiting


def family_rules(family: int, rules: Iterable[HostRule]) -> FamilyRules:
    """
    All rules of one address family.

    Args:
        family: 4 or 6
        rules: the rules of the data for the host, in the order in which they count
    """
    prefix = "ufw" if family == 4 else "ufw6"
    logging = [
        (f"{prefix}-after-logging-{way}", f'{LIMITED} LOG --log-prefix "[UFW BLOCK] "') for way in BUILT_IN.values()
    ]
    logging += [
        (f"{prefix}-logging-deny", f"-m conntrack --ctstate INVALID {LIMITED} RETURN"),
        (f"{prefix}-logging-deny", f'{LIMITED} LOG --log-prefix "[UFW BLOCK] "'),
        (f"{prefix}-logging-allow", f'{LIMITED} LOG --log-prefix "[UFW ALLOW] "'),
    ]
    limiting = [
        (f"{prefix}-user-limit", '-m limit --limit 3/min -j LOG --log-prefix "[UFW LIMIT BLOCK] "'),
        (f"{prefix}-user-limit", f"-j REJECT --reject-with {UNREACHABLE[family]}"),
        (f"{prefix}-user-limit-accept", "-j ACCEPT"),
    ]
    user = [_user_rule(prefix, rule) for rule in rules if rule.family == family]
    return FamilyRules(prefix, before(family), user, logging, limiting)


def _user_rule(prefix: str, rule: HostRule) -> UserRule:
    inward = rule.direction == "in"
    anyone = ANYONE[rule.family]
    port = "any" if rule.port is None else str(rule.port)
    there, here = (anyone, rule.address) if inward else (rule.address, anyone)
    listed = (
        f"### tuple ### {rule.action} {rule.protocol} {port} {there} any {here} {rule.direction} "
        f"comment={rule.reason.encode().hex()}"
    )
    peer = "" if rule.anyone else f"{'-s' if inward else '-d'} {rule.peer} "
    protocol = PROTOCOL_NUMBERS.get(rule.protocol, rule.protocol)
    ports = "" if rule.port is None else f" -m {rule.protocol} --dport {rule.port}"
    refused = "tcp-reset" if rule.protocol == "tcp" else UNREACHABLE[rule.family]
    target = TARGETS.get(rule.action, f"REJECT --reject-with {refused}")
    return UserRule(listed, f"{prefix}-user-{rule.direction}put", f"{peer}-p {protocol}{ports} -j {target}")
