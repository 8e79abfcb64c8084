"""Requests between load balancers and gateways over mutual TLS, and how a site that runs gets there."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api.exceptions import ConnectError

from deploys.controller.authority import AUTHORITY_FILE
from deploys.engine import hosts
from deploys.facts.balancer import Plain
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


def still_asked_plainly(site: Site) -> bool:
    """
    Whether gateways must answer the network without encryption: load balancers know no better, or never will.

    Args:
        site: the site
    """
    return site.shared.gateway_tls_port is None or any(map(_asks_plainly, site.group("load_balancers")))


def _asks_plainly(balancer: SiteHost) -> bool:
    try:
        return hosts.read(balancer.target, Plain)
    except ConnectError as error:
        logger.warning(f"{balancer.name} is not reached, and is taken for one that encrypts what it asks: {error}")
        return False
