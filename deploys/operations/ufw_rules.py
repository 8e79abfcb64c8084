"""Rules of a firewall that are loaded and not declared, and how they are kept for a while."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_network

from deploys.facts.ufw import Table
from deploys.operations.file_set import File

USER_CHAINS = ("-user-input", "-user-output")
END = "\n### END RULES ###"
"""Where the rules end in user.rules, for ufw itself too."""
Rule = tuple[str, str]
"""The name of a chain, and what is appended to it."""


def beyond(declared: Mapping[int, Table], live: Mapping[int, Table], hosts: Collection[str]) -> list[Rule]:
    """Chains and rules that are loaded and not declared, and let this host and one of the others reach each other."""
    peers = {str(ip_network(address)) for address in hosts}
    return [
        (chain, rule)
        for family, table in declared.items()
        for chain, rules in table.chains.items()
        if chain.endswith(USER_CHAINS)
        for rule in live.get(family, Table()).chains.get(chain, ())
        if rule not in rules and rule.endswith(" -j ACCEPT") and rule.split()[1] in peers
    ]


def with_rules(table: Table, rules: Sequence[Rule]) -> Table:
    """A table with more rules, each at the end of its chain: what is declared counts before them."""
    chains = {chain: (*own, *(rule for place, rule in rules if place == chain)) for chain, own in table.chains.items()}
    return replace(table, chains=chains)


def without_rules(table: Table, rules: Sequence[Rule]) -> Table:
    """A table without some of its rules."""
    chains = {chain: tuple(one for one in own if (chain, one) not in rules) for chain, own in table.chains.items()}
    return replace(table, chains=chains)


def file_with_rules(file: File, rules: Sequence[Rule]) -> File:
    """A file of ufw's user rules with more of them, those of the chains that it declares."""
    before, end, after = file.content.partition(END)
    more = [f"-A {chain} {rule}\n" for chain, rule in rules if f"\n:{chain} " in before]
    return replace(file, content="".join((before, *more, end, after))) if end else file


def drift(declared: Mapping[int, Table], live: Mapping[int, Table]) -> list[str]:
    """In what the kernel's tables differ from the declared ones, a line for each rule."""
    found = []
    for family, loaded in live.items():
        wanted = declared[family]
        for chain, policy in wanted.policies.items():
            if loaded.policies.get(chain) != policy:
                found.append(f"IPv{family}: the policy of {chain} is not {policy}")
        for chain, rules in wanted.chains.items():
            current = loaded.chains.get(chain, ())
            if current != rules:
                found += [f"-{chain} {rule}" for rule in current if rule not in rules]
                found += [f"+{chain} {rule}" for rule in rules if rule not in current]
                if set(current) == set(rules):
                    found.append(f"IPv{family}: the order of the rules of {chain}")
    return found
