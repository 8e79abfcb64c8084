"""What is wrong with the data of a site, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from deploys.settings import model
from deploys.settings.host import SiteHost

RESERVED = ("postgres", "replicator", "monitoring", "template0", "template1")
"""Roles and databases of a server that are not the platform's own."""


def validated(
    form: type[model.Data], group: str, host: str, data: Mapping[str, Any], problems: list[str]
) -> model.Data | None:
    try:
        return form.model_validate(data)
    except ValidationError as error:
        for problem in error.errors():
            where = ".".join(str(part) for part in problem["loc"])
            file = "the inventory" if where in ("address", "address6") else f"group_data/{group}.py"
            if problem["type"] == "missing":
                problems.append(f"{host}: {where} is missing (in {file}).")
            else:
                message = problem["msg"].removeprefix("Value error, ")
                problems.append(f"{host}: {where} (in {file}, or what overrides it): {message}.")
        return None


def contradictions(hosts: Sequence[SiteHost]) -> list[str]:
    """What is wrong although every value by itself is sound."""
    problems = []
    seen: dict[str, str] = {}
    for host in hosts:
        for address in host.addresses:
            if address in seen:
                problems.append(f"{host.name} and {seen[address]} have the same address {address}.")
            seen[address] = host.name
    shared = hosts[0].all
    primary = shared.postgres_first_primary
    if primary not in [host.name for host in hosts if "postgres" in host.groups]:
        problems.append(f"postgres_first_primary (in group_data/all.py): {primary} is no host of the group postgres.")
    for key in ("postgres_user", "postgres_database"):
        if getattr(shared, key) in RESERVED:
            problems.append(
                f"{key} (in group_data/all.py): {getattr(shared, key)} is a name that the servers use themselves."
            )
    names = {"all", *model.GROUPS, *shared.networks}
    for rule in (*shared.firewall_extra_rules, *shared.firewall_rules):
        for side in (rule.who, rule.whom):
            if side not in names:
                problems.append(
                    f"firewall rule {rule.who} -> {rule.whom} (in group_data/all.py): {side} is "
                    f"no group and no network; there are {', '.join(sorted(names))}."
                )
        for port in rule.ports:
            if isinstance(port, str) and not hasattr(shared, port):
                problems.append(
                    f"firewall rule {rule.who} -> {rule.whom} (in group_data/all.py): "
                    f"{port} is no port and no value that holds one."
                )
    return problems
