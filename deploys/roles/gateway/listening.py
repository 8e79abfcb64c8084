"""Where a gateway listens, for whom, and what it shows there."""

from __future__ import annotations

from dataclasses import replace

from deploys.controller import credentials
from deploys.controller.releases.slots import Slot, Slots, known
from deploys.controller.run import Run
from deploys.engine import hosts
from deploys.facts.gateway import Ports, PortsState
from deploys.operations.file_set import File
from deploys.roles.gateway.declaration import CERTIFICATE, REDIS_CERTIFICATE
from deploys.settings import credential


def of_now(run: Run, slot: Slot) -> PortsState:
    """
    Where other hosts ask a gateway before the run.

    Args:
        run: the run
        slot: which of the host's gateways
    """
    return hosts.read(run.host.target, Ports, environment=slot.environment_file, socket=slot.socket_file)


def both(run: Run, slot: Slot) -> bool:
    """
    Whether other hosts may ask with encryption and without it, as load balancers do either.

    While it is not known what one does that is not in the run, nothing is opened or closed for it.

    Args:
        run: the run
        slot: which of the host's gateways
    """
    if run.encryption.otherwise or not run.encryption.unknown:
        return bool(run.encryption.otherwise)
    now = of_now(run, slot)
    return now.plain if slot.tls_port else now.tls is not None


def as_it_is_asked(run: Run, slot: Slot) -> Slot:
    """
    A slot that keeps its port for TLS, where load balancers still ask there and the data has none any more.

    Args:
        run: the run
        slot: as the data has it
    """
    return slot if slot.tls_port else replace(slot, tls_port=of_now(run, slot).tls)


def listens(slot: Slot, both: bool) -> list[str]:
    """
    Where the socket listens, as systemd has it; who runs on the host itself asks at the plain one in any case.

    Args:
        slot: its ports
        both: whether other hosts may ask at either
    """
    ports = [str(slot.port) if both or slot.tls_port is None else f"127.0.0.1:{slot.port}"]
    return [*ports, str(slot.tls_port)] if slot.tls_port else ports


def certificates(run: Run) -> list[File]:
    """
    What the gateway shows to load balancers and to Redis; it takes up new ones by itself.

    Args:
        run: the run
    """
    shared = run.site.shared
    shown = [
        *([CERTIFICATE] if shared.gateway_tls_port else []),
        *([REDIS_CERTIFICATE] if shared.redis_tls_port else []),
    ]
    return [file for certificate, _ in shown for file in credentials.files(run, certificate)]


def shown_no_more(run: Run, slots: Slots, both: bool) -> list[str]:
    """
    The files of certificates that no gateway of the host shows.

    Args:
        run: the run
        slots: of which the target changes; another one goes on as it is, with a port that the data may have no more
        both: whether other hosts may ask the target with encryption and without it
    """
    shared = run.site.shared
    others = (slot for slot in known(shared) if slot != slots.target)
    shown = shared.gateway_tls_port or both or any(of_now(run, slot).tls for slot in others)
    gone = [*([] if shown else [CERTIFICATE]), *([] if shared.redis_tls_port else [REDIS_CERTIFICATE])]
    return [path for pair in gone for path in (*pair, credential.place(pair[0]))]
