"""The virtual address: it is on one load balancer, and only there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deploys.controller.status.section import Cell, Finding, Judged, Section, Survey, Table
from deploys.controller.virtual_address import GROUP, UNIT, addresses
from deploys.engine.combined import Wanted
from deploys.facts.addresses import Addresses
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

PAGE = "docs/operations/a-load-balancer-is-gone.md"


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(Addresses, {})] if GROUP in host.groups else []


def judged(survey: Survey) -> Judged:
    found: dict[str, frozenset[str]] = {name: said for name, (said,) in survey.readings["virtual_address"].items()}
    if not found:
        return Judged()
    shared = addresses(survey.site)
    values = {name: {address: address in has for address in shared} for name, has in found.items()}
    # Where one could not be read, it may have the address.
    everybody = {host.name for host in survey.site.group(GROUP)} <= found.keys()
    findings = [one for address in shared for one in findings_of(address, found, everybody)]
    rows = tuple((Cell(address), _owners(owners(address, found), everybody)) for address in shared)
    return Judged(values, findings, tables=[Table("Virtual address", ("address", "is on"), rows)])


def owners(address: str, found: Mapping[str, frozenset[str]]) -> list[str]:
    """The hosts that have an address."""
    return [name for name, has in found.items() if address in has]


def findings_of(address: str, found: Mapping[str, frozenset[str]], everybody: bool) -> Iterator[Finding]:
    """
    What is wrong with an address.

    Args:
        address: the address
        found: the addresses of each load balancer that was read
        everybody: whether all were
    """
    having = owners(address, found)
    if len(having) > 1:
        what = f"{address} is on {' and '.join(having)}: each answers some of the users, or none is answered."
        yield Finding("", what, f"On all but one: systemctl restart {UNIT}; see {PAGE}")
    if not having and everybody:
        what = f"{address} is on no load balancer: nobody reaches the site by it."
        yield Finding("", what, f"On each: systemctl status nginx {UNIT}; see {PAGE}")


def _owners(having: Sequence[str], everybody: bool) -> Cell:
    return Cell(" and ".join(having) or "none", len(having) > 1 or (everybody and not having))


SECTION = Section("virtual_address", wanted, judged)
