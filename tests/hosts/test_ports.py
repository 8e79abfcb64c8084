"""
The port matrix: from every host to every host, each port is open or closed as the data says.

A port counts as open where the other side answers at all: it lets the connection in, or, where
nothing listens, refuses it. What a firewall drops is not answered.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import pytest

from deploys.settings import declarations, lab
from deploys.settings.shared import Shared
from tests import inventory

UNUSED = (23, 9999)
"""Ports that no rule names."""

PROBE = r"""
knock() {
  path=/dev/$1/$2/$3
  exec 3<>$path || exit
  if [ $1 = udp ]; then
    printf "\x1b$(printf '\\0%.0s' {1..47})" >&3 || exit
    read -r -t 3 -N 1 <&3
    case $? in 0) ;; 1) echo "$path: Connection refused"; exit ;; *) exit ;; esac
  fi
  echo "$path: answered"
}
while read -r protocol address port; do
  knock $protocol $address $port 2>&1 &
done
sleep 4
kill $(jobs -p) 2>/dev/null
true
"""
"""Knocks at all addresses and ports given on standard input, all at once; over UDP it asks for the time."""


@dataclass(frozen=True)
class Place:
    """A host of the inventory, or a machine of the lab that is no part of the site."""

    name: str
    groups: frozenset[str]
    addresses: tuple[str, ...]
    login: tuple[str, ...]
    data: Any

    @property
    def inside(self) -> bool:
        return bool(self.groups)


@dataclass(frozen=True)
class Door:
    """One port of one address."""

    protocol: str
    address: str
    port: int


@cache
def places() -> dict[str, Place]:
    """All hosts of the inventory, and the lab's machines outside of its site."""
    config = ("ssh", "-F", str(inventory.ssh_config()))
    found = {
        host.name: Place(
            host.name,
            frozenset((*host.groups, *services(host.name), *by_data(host), "all")),
            host.addresses,
            (*config, host.name),
            host.data,
        )
        for host in inventory.hosts().values()
    }
    for machine in lab.machines(inventory.PATH):
        if machine.name not in found:
            login = (
                "ssh",
                "-i",
                str(lab.SSH_KEY),
                "-o",
                f"UserKnownHostsFile={lab.KNOWN_HOSTS}",
                "-o",
                "LogLevel=ERROR",
            )
            found[machine.name] = Place(
                machine.name,
                frozenset(),
                (machine.address, machine.address6),
                (*login, f"{lab.USER}@{machine.address}"),
                None,
            )
    return found


def services(host: str) -> list[str]:
    """What rules call the services of the catalogue that a host runs."""
    catalogue = next(iter(inventory.hosts().values())).data["services"]
    return [f"services.{name}" for name, entry in catalogue.items() if host in entry.get("hosts", ())]


def by_data(host: inventory.Host) -> list[str]:
    """The groups that a host is in because of its data."""
    found = ((name, role.by_data) for name, role in declarations.groups().items())
    return [name for name, belongs in found if belongs and belongs(host.name, host.groups, host.data)]


def elsewhere(name: str) -> list[str]:
    """The addresses of a service that is no part of the site."""
    entry = next(iter(inventory.hosts().values())).data["services"].get(name.removeprefix("services."), {})
    return [str(urlsplit(url).hostname) for url in entry.get("addresses", ())]


def rules() -> list[dict[str, Any]]:
    """Those of the data, and without any there those that the roles declare; how they are meant is judged here anew."""
    data = next(iter(inventory.hosts().values())).data
    declared = [rule.model_dump() for rule in declarations.rules(Shared.model_validate(data))]
    return [*data["firewall_extra_rules"], *(declared if data["firewall_rules"] is None else data["firewall_rules"])]


def ports(rule: dict[str, Any]) -> Iterator[int]:
    data = next(iter(inventory.hosts().values())).data
    for port in rule["ports"]:
        value = data[port] if isinstance(port, str) else port
        # A value that is None is no port: what would listen there is not in the data.
        if value is not None:
            yield from value if isinstance(value, (list, tuple)) else [value]


def named(name: str, place: Place, address: str) -> bool:
    """Whether a name of a rule means a place, or a network that one of its addresses is in."""
    data = next(iter(inventory.hosts().values())).data
    if name in data["networks"]:
        return any(
            ip_address(address) in ip_network(network)
            for network in data["networks"][name]
            if ip_network(network).version == ip_address(address).version
        )
    return name in place.groups or (name.startswith("services.") and address in elsewhere(name))


def decision(door: Door, whose: Place, own: str, other: Place, other_address: str, peer: str) -> bool:
    """
    What the firewall of one side says: the first rule that is about both sides and the port.

    Args:
        whose, own: the side whose firewall it is, and which of a rule's two names must be its group
        other, other_address, peer: the other side, its address, and the rule's other name
    """
    if not whose.inside:
        return True
    for rule in rules():
        if (
            rule.get("protocol", "tcp") == door.protocol
            and door.port in ports(rule)
            and rule[own] in whose.groups
            and named(rule[peer], other, other_address)
        ):
            return bool(rule.get("action", "allow") == "allow")
    return False


def is_open(source: Place, target: Place, door: Door) -> bool:
    """Whether the data lets a connection out at its source and in at its target."""
    version = ip_address(door.address).version
    source_address = next(one for one in source.addresses if ip_address(one).version == version)
    out = decision(door, source, "source", target, door.address, "destination")
    return out and decision(door, target, "destination", source, source_address, "source")


@cache
def doors(source: str) -> dict[Door, Place]:
    """Every port of every other place, at each of the families that both have."""
    numbers = {(rule.get("protocol", "tcp"), port) for rule in rules() for port in ports(rule)}
    numbers |= {(protocol, port) for protocol in ("tcp", "udp") for port in UNUSED}
    families = {ip_address(address).version for address in places()[source].addresses}
    return {
        Door(protocol, address, port): target
        for target in places().values()
        if target.name != source
        for address in target.addresses
        if ip_address(address).version in families
        for protocol, port in sorted(numbers)
    }


def knock(source: Place, wanted: Iterable[Door]) -> set[Door]:
    """Those of some doors at which somebody answers."""
    lines = "".join(f"{door.protocol} {door.address} {door.port}\n" for door in wanted)
    done = subprocess.run(
        [*source.login, f"bash -c {shlex.quote(PROBE)}"],
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"{source.name}: {done.stderr}"
    answers = re.findall(r"/dev/(tcp|udp)/(\S+)/(\d+): (.+)", done.stdout)
    return {
        Door(protocol, address, int(port))
        for protocol, address, port, answer in answers
        if answer in ("answered", "Connection refused")
    }


@cache
def answered() -> dict[str, set[Door]]:
    """From where which doors are open: every place knocks once, all places at the same time."""
    with ThreadPoolExecutor() as pool:
        results = pool.map(lambda place: knock(place, doors(place.name)), places().values())
    return dict(zip(places(), results, strict=True))


@pytest.mark.parametrize("name", sorted(places()))
def test_every_port_is_open_or_closed_as_the_data_says(name: str) -> None:
    source = places()[name]
    wrong = [
        f"{name} -> {target.name} {door.address} {door.protocol}/{door.port}: "
        + ("is closed and should be open" if expected else "is open and should be closed")
        for door, target in doors(name).items()
        if (expected := is_open(source, target, door)) != (door in answered()[name])
    ]
    assert not wrong, "\n".join(wrong)


def test_the_matrix_has_open_and_closed_ports_of_both_families() -> None:
    """That it found what it looked for, and not nothing."""
    found = {
        (ip_address(door.address).version, is_open(places()[name], target, door))
        for name in places()
        for door, target in doors(name).items()
    }
    versions = {ip_address(address).version for place in places().values() for address in place.addresses}
    assert found == {(version, answer) for version in versions for answer in (True, False)}
