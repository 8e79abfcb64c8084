"""Whose the virtual address is, and what is wrong where it is nobody's or several's."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import Any

from deploys.controller.status import virtual_address
from deploys.controller.status.section import Judged
from deploys.controller.virtual_address import GROUP, VirtualAddress
from deploys.facts.addresses import Addresses
from deploys.settings.host import SiteHost
from deploys.settings.site import Site
from tests.unit.status.pretended import host, said, survey

SHARED: Any = {"virtual_address": "10.0.0.10", "virtual_address6": "fd00::10"}
ONE, OTHER = frozenset({"10.0.0.11", "10.0.0.10", "fd00::10"}), frozenset({"10.0.0.12"})


def balancer(name: str, number: int) -> SiteHost:
    made = host(name, number, "load_balancers", GROUP)
    return replace(made, models={**made.models, VirtualAddress: VirtualAddress.model_validate(SHARED)})


SITE = Site((balancer("lb1", 11), balancer("lb2", 12)), {})


def judged(**found: frozenset[str]) -> Judged:
    read = survey("virtual_address", {name: [addresses] for name, addresses in found.items()})
    return virtual_address.judged(replace(read, site=SITE))


def test_it_is_on_one() -> None:
    found = judged(lb1=ONE, lb2=OTHER)
    assert said(found) == []
    assert found.values["lb1"] == {"10.0.0.10": True, "fd00::10": True}
    assert found.values["lb2"] == {"10.0.0.10": False, "fd00::10": False}
    (table,) = found.tables
    assert [[cell.text for cell in row] for row in table.rows] == [["10.0.0.10", "lb1"], ["fd00::10", "lb1"]]


def test_it_is_on_both_or_on_none() -> None:
    both = said(judged(lb1=ONE, lb2=ONE))
    assert [what.split(":")[0] for _, what in both] == ["10.0.0.10 is on lb1 and lb2", "fd00"]
    none = said(judged(lb1=OTHER, lb2=OTHER - {"fd00::10"}))
    assert [what.split(" is on ")[1].split(":")[0] for _, what in none] == ["no load balancer"] * 2


def test_one_that_could_not_be_read_may_have_it() -> None:
    assert said(judged(lb2=OTHER)) == []


def test_a_site_without_it_shows_nothing() -> None:
    assert virtual_address.judged(survey()).tables == ()


def test_a_host_says_which_addresses_it_has() -> None:
    shown = (
        "2: host0    inet 10.0.0.11/24 brd 10.0.0.255 scope global host0\\       valid_lft forever\n"
        "2: host0    inet6 fd00::10/128 scope global nodad deprecated proto keepalived \\       valid_lft forever\n"
    )
    command = Addresses().command().partition("| ")[2]
    done = subprocess.run(["sh", "-c", command], input=shown, capture_output=True, text=True, check=True)
    assert Addresses().process(done.stdout.splitlines()) == {"10.0.0.11", "fd00::10"}
