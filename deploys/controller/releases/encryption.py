"""Requests between load balancers and gateways over mutual TLS, and how a site that runs gets there, and back."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from pyinfra.api.exceptions import PyinfraError

from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.releases import slots
from deploys.facts.balancer import AsksState
from deploys.facts.machine import MachineState
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


@dataclass(frozen=True)
class Change:
    """
    How load balancers ask gateways as a run begins, beside how they will at its end.

    Attributes:
        otherwise: names of those that ask otherwise: in plain text, or no more
        unknown: and of those that are not in the run
    """

    otherwise: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def change(site: Site, machines: Mapping[str, MachineState]) -> Change:
    """
    How load balancers ask gateways, as the run found them.

    Args:
        site: the site
        machines: the hosts of the run

    Raises:
        PyinfraError: where they ask over TLS at another port.
    """
    balancers = site.group("load_balancers")
    return decided(
        site.shared, {peer.name: machines[peer.name].asks if peer.name in machines else None for peer in balancers}
    )


def decided(shared: Shared, asks: Mapping[str, AsksState | None]) -> Change:
    """
    Which of them will ask otherwise.

    Args:
        shared: the site's data
        asks: how each load balancer asks; None: of one that is not in the run

    Raises:
        PyinfraError: where one asks over TLS at another port: a gateway has one, and would leave it.
    """
    wanted = shared.gateway_tls_port is not None
    ports = {slot.asked_port for slot in slots.known(shared)}
    for name, one in asks.items():
        if wanted and one and one.encrypted and ports - one.ports and one.ports - ports:
            raise PyinfraError(
                f"gateway_tls_port or gateway_green_tls_port (in group_data/all.py) is another than that where {name} "
                f"asks gateways ({', '.join(map(str, sorted(one.ports)))}), and they would listen elsewhere before it "
                "knows. Run with gateway_tls_port = None first, and then with the new port. No host was touched."
            )
    return Change(
        otherwise=tuple(name for name, one in asks.items() if one and one.encrypted not in (None, wanted)),
        unknown=tuple(name for name, one in asks.items() if one is None),
    )


def refuse_without_gateways(site: Site, reached: Container[str], balancer: str, change: Change) -> None:
    """
    Have no load balancer ask gateways otherwise that are not made to answer it.

    Args:
        site: the site
        reached: names of the hosts of the run
        balancer: name of the load balancer
        change: what the run changes

    Raises:
        PyinfraError: where a gateway is not in the run.
    """
    missing = [peer.name for peer in site.group("gateways") if peer.name not in reached]
    if balancer in change.otherwise and missing:
        raise PyinfraError(
            f"gateway_tls_port (in group_data/all.py) is changed, and {balancer} would ask gateways that know nothing "
            f"of it: {', '.join(missing)} are not in the run. Run with all gateways and load balancers. No host was "
            "touched."
        )
