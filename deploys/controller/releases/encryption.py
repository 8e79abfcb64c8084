"""Requests between load balancers and gateways over mutual TLS, and how a site that runs gets there, and back."""

from __future__ import annotations

from collections.abc import Container, Mapping

from pyinfra import logger
from pyinfra.api.exceptions import ConnectError, PyinfraError

from deploys.controller.authority import AUTHORITY_FILE
from deploys.engine import hosts
from deploys.facts.balancer import Asks, AsksState
from deploys.settings.host import SiteHost
from deploys.settings.shared import Shared
from deploys.settings.site import Site

NAME = "gateways.tracseq.internal"
"""What the certificate of each gateway names beside its host: nginx has one name for all servers of an upstream."""
GATEWAY = "/etc/tracseq/gateway-tls"
"""What a gateway shows to load balancers."""
BALANCER = "/etc/nginx/tls"
"""What a load balancer shows to gateways."""


def curl() -> tuple[str, ...]:
    """With which arguments a load balancer's curl asks a gateway."""
    return "--cacert", AUTHORITY_FILE, "--cert", f"{BALANCER}/client.crt", "--key", f"{BALANCER}/client.key"


def changes(site: Site, reached: Container[str]) -> bool:
    """
    Whether load balancers ask gateways otherwise than they will at the end of the run: in plain text, or no more.

    Args:
        site: the site
        reached: names of the hosts of the run

    Raises:
        PyinfraError: where they ask over TLS at another port.
    """
    # One that is to encrypt is asked by itself, though it may not be in the run: what it needs is not taken away.
    known = site.shared.gateway_tls_port is not None
    return decided(
        site.shared,
        {peer.name: _asks(peer) if known or peer.name in reached else None for peer in site.group("load_balancers")},
    )


def decided(shared: Shared, asks: Mapping[str, AsksState | None]) -> bool:
    """
    Whether any of them will ask otherwise.

    Args:
        shared: the site's data
        asks: how each load balancer asks; None: of one that is not in the run, and may go on with encryption

    Raises:
        PyinfraError: where one asks over TLS at another port: a gateway has one, and would leave it.
    """
    if shared.gateway_tls_port is None:
        return any(one is None or one.encrypted for one in asks.values())
    ports = {port for port in (shared.gateway_tls_port, shared.gateway_green_tls_port) if port}
    for name, one in asks.items():
        if one and one.encrypted and ports - one.ports and one.ports - ports:
            raise PyinfraError(
                f"gateway_tls_port or gateway_green_tls_port (in group_data/all.py) is another than that where {name} "
                f"asks gateways ({', '.join(map(str, sorted(one.ports)))}), and they would listen elsewhere before it "
                "knows. Run with gateway_tls_port = None first, and then with the new port. No host was touched."
            )
    return any(one and one.encrypted is False for one in asks.values())


def _asks(balancer: SiteHost) -> AsksState:
    try:
        return hosts.read(balancer.target, Asks)
    except ConnectError as error:
        logger.warning(f"{balancer.name} is not reached, and is taken for one that encrypts what it asks: {error}")
        return AsksState()
