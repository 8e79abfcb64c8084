"""Where gateways send their spans, and whether the firewall lets them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from deploys.settings import ports, rules
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

IN_DATA = {"TRACE_ENDPOINT": "gateway_trace_endpoint", "TRACE_SAMPLE_RATIO": "gateway_trace_sample_ratio"}
"""Variables of the gateway that have values of their own in the data."""

BY_SCHEME = {"http": 80, "https": 443}


def variables(endpoint: str | None, ratio: float) -> dict[str, str]:
    """The gateway's environment variables of them."""
    return {} if endpoint is None else {"TRACE_ENDPOINT": endpoint, "TRACE_SAMPLE_RATIO": f"{ratio:g}"}


def problems(site: Site, host: SiteHost, endpoint: str | None, environment: dict[str, str]) -> Iterator[str]:
    """A collector that no rule lets a gateway reach, and one that is written where nobody looks."""
    for variable in IN_DATA.keys() & environment.keys():
        yield (
            f"gateway_environment (of {host.name}) has {variable}: write it as {IN_DATA[variable]} in "
            "group_data/gateways.py."
        )
    if endpoint is None:
        return
    place = f"gateway_trace_endpoint (of {host.name})"
    try:
        url = urlsplit(endpoint)
        port = url.port or BY_SCHEME[url.scheme]
    except ValueError:
        yield f"{place} has no address or no port that there is: {endpoint}"
        return
    if not _lets_out(site, host, url.hostname or "", port):
        yield (
            f"{place} is at {url.hostname}, port {port}, to which the firewall does not let {host.name}: give gateways "
            'a rule in firewall_extra_rules, such as {"source": "gateways", "destination": "tracing", '
            f'"ports": [{port}]}}, and networks["tracing"] its address.'
        )


def _lets_out(site: Site, host: SiteHost, name: str, port: int) -> bool:
    addresses = _addresses(site, name)
    if any(address.is_loopback or str(address) in host.addresses for address in addresses):
        return True
    # Rules that name what there is not are told of by themselves.
    known = ports.names(site)
    sound = tuple(rule for rule in site.rules if all(isinstance(one, int) or one in known for one in rule.ports))
    outward = [
        rule
        for rule in rules.of_host(Site(site.hosts, site.secrets, sound), host)
        if (rule.direction, rule.port, rule.protocol) == ("out", port, "tcp")
    ]
    if not addresses:
        # Which address a name has is known to the host alone, and may change.
        return any(rule.action == "allow" for rule in outward)
    return any(
        next((rule.action for rule in outward if address in ipaddress.ip_network(rule.peer)), "") == "allow"
        for address in addresses
    )


def _addresses(site: Site, name: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """What a name stands for, as far as the data says."""
    if name == "localhost":
        return [ipaddress.ip_address("127.0.0.1")]
    try:
        return [ipaddress.ip_address(name)]
    except ValueError:
        of_site = [peer for peer in site.hosts if peer.name == name]
        return [ipaddress.ip_address(address) for peer in of_site for address in peer.addresses]
