"""What is wrong with the data of a site, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from deploys.settings import ports
from deploys.settings.data import Data
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def validated(model: type[Data], file: str, host: str, data: Mapping[str, Any], problems: list[str]) -> Data | None:
    """
    A host's data as a model wants it; None where it is not, and the problems have grown.

    Args:
        model: the model
        file: the file of group_data that it reads, without its suffix
        host: the host's name
        data: all that the host was given
        problems: a sentence for each value that is wrong is added
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for problem in error.errors():
            where = ".".join(str(part) for part in problem["loc"])
            place = "the inventory" if where in ("address", "address6") else f"group_data/{file}.py"
            if problem["type"] == "missing":
                problems.append(f"{host}: {where} is missing (in {place}).")
            else:
                message = problem["msg"].removeprefix("Value error, ")
                problems.append(f"{host}: {where} (in {place}, or what overrides it): {message}.")
        return None


def differences(hosts: Sequence[SiteHost], shared: Iterable[type[Data]]) -> list[str]:
    """Values that a whole site shares, and that are not the same on all hosts."""
    problems = []
    for model in shared:
        first = hosts[0].data(model)
        for name in model.model_fields:
            other = next((host for host in hosts if getattr(host.data(model), name) != getattr(first, name)), None)
            if other:
                problems.append(
                    f"{name} is {getattr(first, name)!r} on {hosts[0].name} and {getattr(other.data(model), name)!r} "
                    f"on {other.name}: the whole site shares it. Give it for all hosts, in group_data/all.py or the "
                    "site's own file there."
                )
    return problems


def addresses(site: Site) -> list[str]:
    """Addresses that more than one host has."""
    problems = []
    seen: dict[str, str] = {}
    for host in site.hosts:
        for address in host.addresses:
            if address in seen:
                problems.append(f"{host.name} and {seen[address]} have the same address {address}.")
            seen[address] = host.name
    return problems


def networks(site: Site, groups: Iterable[str]) -> list[str]:
    """Networks with the name of a group: nobody could tell which of the two a rule means."""
    taken = {"all", *groups}
    return [
        f"networks (in group_data/all.py, or what overrides it): {name} is the name of a group too: give the network "
        "another name, also in firewall_rules and firewall_extra_rules."
        for name in site.shared.networks
        if name in taken
    ]


def rules(site: Site, groups: Iterable[str]) -> list[str]:
    """Rules of the firewall whose names mean nothing."""
    problems = []
    known = {"all", *groups, *site.networks, *(group for host in site.hosts for group in host.groups)}
    ports_known = ports.names(site)
    for rule in site.rules:
        place = f"firewall rule {rule} (in group_data/all.py)"
        for side in (rule.source, rule.destination):
            if side not in known:
                problems.append(f"{place}: {side} is no group and no network; there are {', '.join(sorted(known))}.")
        for port in rule.ports:
            if isinstance(port, str) and port not in ports_known:
                problems.append(
                    f"{place}: {port} is no port and no value that holds one; there are "
                    f"{', '.join(sorted(ports_known))}."
                )
    return problems
