"""The two gateways that a host may have, blue and green, of which the load balancers send requests to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploys.facts import gateway
from deploys.facts.balancer import BLUE, GREEN
from deploys.facts.release import ReleaseState
from deploys.settings.shared import Shared


@dataclass(frozen=True)
class Slot:
    """
    A gateway of a host.

    Attributes:
        name: of the slot
        port: where it listens
        tls_port: where it does for load balancers, over mutual TLS; None: they ask at the other
        unit: of systemd
        socket: and what listens for it
        environment_file: what it reads
        link: which of its releases it runs, in the directory of the releases
    """

    name: str
    port: int
    unit: str = gateway.UNIT
    socket: str = "tracseq-gateway.socket"
    environment_file: str = "/etc/tracseq/gateway.env"
    link: str = gateway.CURRENT
    tls_port: int | None = None

    @property
    def asked_port(self) -> int:
        """Where load balancers ask it."""
        return self.tls_port or self.port

    @property
    def socket_file(self) -> str:
        """The file of what listens for it."""
        return f"/etc/systemd/system/{self.socket}"


@dataclass(frozen=True)
class Slots:
    """
    Which gateways get the requests.

    Attributes:
        active: now
        target: once the run has ended; another one, where balancers switch as one
    """

    active: Slot
    target: Slot

    @property
    def switch(self) -> bool:
        """Whether the target is changed beside the gateways that get the requests."""
        return self.active != self.target


def known(shared: Shared) -> tuple[Slot, ...]:
    """The slots of a site: one, or two where it has a port for the second."""
    blue = Slot(BLUE, shared.gateway_port, tls_port=shared.gateway_tls_port)
    if shared.gateway_green_port is None:
        return (blue,)
    return blue, Slot(
        GREEN,
        shared.gateway_green_port,
        unit=gateway.GREEN_UNIT,
        socket="tracseq-gateway-green.socket",
        environment_file="/etc/tracseq/gateway-green.env",
        link=GREEN,
        tls_port=shared.gateway_green_tls_port if shared.gateway_tls_port else None,
    )


@dataclass(frozen=True)
class Found:
    """
    What the hosts of a site say of their gateways.

    Attributes:
        slots: of the site
        releases: what the gateways' hosts have, by host
        sends: to which slot each load balancer sends; None: to none yet
        whole: whether the run has all gateways and load balancers, without which nothing can switch as one
    """

    slots: tuple[Slot, ...]
    releases: Mapping[str, ReleaseState] = field(default_factory=dict)
    sends: Mapping[str, str | None] = field(default_factory=dict)
    whole: bool = True

    @property
    def active(self) -> Slot:
        """The slot to which most balancers send."""
        blue, *others = self.slots
        told = [name for name in self.sends.values() if name]
        return others[0] if others and 2 * told.count(GREEN) > len(told) else blue

    def decided(self, wanted: Mapping[str, str]) -> Slots:
        """
        Which slot is changed, and gets the requests.

        Where a slot has the release on every gateway it is that one, which may cost nothing but the switch. A
        new release goes into the slot that gets no requests. Where a run that died left balancers which send to
        different slots, both get requests: then the gateways of one change in turns, as without a second slot.

        Args:
            wanted: the release that each gateway is to have, by host
        """
        active, told = self.active, {name for name in self.sends.values() if name}
        idle = next((slot for slot in self.slots if slot != active), None)
        if idle is None or not self.whole or not told or self._has(active, wanted):
            return Slots(active, active)
        return Slots(active, idle if len(told) == 1 or self._has(idle, wanted) else active)

    def _has(self, slot: Slot, wanted: Mapping[str, str]) -> bool:
        """Whether a slot has the release that is wanted, on every gateway."""
        return all(
            name in self.releases and self.releases[name].of(slot.link) == release for name, release in wanted.items()
        )
