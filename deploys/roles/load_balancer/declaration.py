"""Hosts with nginx in front of the gateways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from deploys.controller import acme, renewal, virtual_address
from deploys.controller.releases import encryption
from deploys.settings import answers, wires
from deploys.settings.credential import Credential, of_host, place
from deploys.settings.data import Data, value
from deploys.settings.declaration import Declaration, Listener
from deploys.settings.host import SiteHost
from deploys.settings.rule import Rule
from deploys.settings.shared import Shared
from deploys.settings.site import Site
from deploys.settings.units import Duration, Size

CERTIFICATE, KEY = "/etc/nginx/tls/site.crt", "/etc/nginx/tls/site.key"
SHOWN = (f"{encryption.BALANCER}/client.crt", f"{encryption.BALANCER}/client.key")
"""By what gateways know a load balancer, and its key, where they ask for that."""
SHOWN_FILES = (*SHOWN, place(SHOWN[0]))
"""All of it that a host has."""
Route = Annotated[str, Field(pattern=answers.ROUTE)]


class LoadBalancers(Data):
    """group_data/load_balancers.py"""

    certificate_file: str | None = value(
        "certificate of your own, a file of this machine; None: the site's authority issues one"
    )
    certificate_key_file: str | None = value("and its key")
    dns_resolvers: tuple[str, ...] = value("DNS servers for OCSP stapling of your own certificate; none: no stapling")
    upstream_max_fails: int = value("failures after which a gateway is left out", "guide", ge=0)
    upstream_fail_timeout: Duration = value("within, and for, which time", "guide")
    canary_share: int = value(
        "share of the requests for a gateway that is tried (gateway_canary_seconds), in percent", ge=1, le=50
    )
    upstream_keepalive: int = value("idle connections kept open to gateways, per worker", ge=1)
    request_rate: int = value("requests a second of one address", "guide: 10, for one user", ge=1)
    request_burst: int = value("and how many at once above that", "guide: 20", ge=0)
    connect_timeout: Duration = value("how long a gateway may take to accept", "guide")
    send_timeout: Duration = value("to take in a piece of a request", "guide: 10 to 30 s")
    read_timeout: Duration = value("to send a piece of an answer", "guide: 10 to 30 s")
    strict_transport_security: Duration = value("how long browsers remember to use TLS only", "guide")
    kept_routes: tuple[Route, ...] = value(
        "routes whose answers are kept here where their Cache-Control allows it, such as /api/templates/public/*; "
        "each must be one of the gateways' PUBLIC_ROUTES; none: nothing is kept"
    )
    kept_size: Size = value("disk that kept answers may take", ge=1_000_000)


def problems(site: Site) -> Iterator[str]:
    """Answers that are kept and are not for everybody."""
    for host in site.group("load_balancers"):
        for gateway in site.group("gateways"):
            public = answers.public(gateway)
            for route in host.data(LoadBalancers).kept_routes:
                if route not in public:
                    yield (
                        f"kept_routes (of {host.name}) has {route}, which is none of the public routes of "
                        f"{gateway.name}: what is kept is given to everybody. Its gateway_environment (in "
                        f'group_data/gateways.py) would have PUBLIC_ROUTES = "{",".join((*sorted(public), route))}".'
                    )


def credentials(site: Site, host: SiteHost) -> Iterator[Credential]:
    """
    With which a load balancer answers users, where it has none of the administrator's own, and asks gateways.

    Where it renews them by itself, its nginx reads them anew for each connection, as the user of its workers.
    """
    data = host.data(LoadBalancers)
    group, mode = ("www-data", "640") if renewal.authority(site) or acme.used(site) else ("root", "600")
    if site.shared.gateway_tls_port:
        yield of_host(host, "client", encryption.BALANCER, group=group, mode=mode)
    if data.certificate_file and data.certificate_key_file:
        return
    balancers = site.group("load_balancers")
    yield Credential(
        certificate=CERTIFICATE,
        key=KEY,
        kept_as=site.shared.domain,
        names=(
            site.shared.domain,
            *(peer.name for peer in balancers),
            *(address for peer in balancers for address in peer.addresses),
            *virtual_address.addresses(site),
        ),
        usages=("server",),
        group=group,
        mode=mode,
    )


def rules(shared: Shared) -> Iterator[Rule]:
    """Gateways, at the ports where load balancers ask them."""
    yield Rule(source="load_balancers", destination="gateways", ports=wires.gateways(shared))


DECLARATION = Declaration(
    title="Load balancer",
    phase=2,
    group="load_balancers",
    model=LoadBalancers,
    packages=("nginx",),
    listeners=(Listener(80, ("nginx",)), Listener(443, ("nginx",))),
    rules=(Rule(source="anywhere", destination="load_balancers", ports=(80, 443)),),
    rules_by_data=rules,
    after=("gateways",),
    problems=problems,
    traces=("/etc/systemd/system/nginx.service.d/tracseq.conf",),
    units=("nginx.service",),
    certificates=(CERTIFICATE,),
    credentials=credentials,
)
