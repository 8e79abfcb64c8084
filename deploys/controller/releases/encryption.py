"""Requests between load balancers and gateways over mutual TLS, and how a site that runs gets there, and back."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api.exceptions import ConnectError

from deploys.controller.authority import AUTHORITY_FILE
from deploys.engine import hosts
from deploys.facts.balancer import Asks
from deploys.settings.host import SiteHost
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


def changes(site: Site) -> bool:
    """
    Whether load balancers ask gateways otherwise than they will at the end of the run: in plain text, or no more.

    Args:
        site: the site
    """
    other = "https" if site.shared.gateway_tls_port is None else "http"
    return any(other in _asks(balancer) for balancer in site.group("load_balancers"))


def _asks(balancer: SiteHost) -> frozenset[str]:
    try:
        return hosts.read(balancer.target, Asks)
    except ConnectError as error:
        logger.warning(f"{balancer.name} is not reached, and is taken for one that asks gateways as it is to: {error}")
        return frozenset()
