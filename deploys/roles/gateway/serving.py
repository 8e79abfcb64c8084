"""A gateway that runs one of its installed releases, and how a change of it is seen to be well."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pyinfra.api.exceptions import PyinfraError

from deploys.controller import files
from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.postgres import pool
from deploys.controller.releases import encryption, telling
from deploys.controller.releases.slots import Slot, Slots
from deploys.controller.run import Run
from deploys.controller.services.addresses import gateway_services
from deploys.controller.templates import render
from deploys.facts.gateway import PROGRAM, UNIT
from deploys.operations import comparison, release_history, service
from deploys.operations.comparison import Comparison
from deploys.operations.drain import Drain
from deploys.operations.file_set import File
from deploys.operations.health import Health
from deploys.operations.rolling import Rolling
from deploys.operations.service import Unit
from deploys.operations.trial import Peer, Trial
from deploys.roles.gateway import listening
from deploys.roles.gateway.declaration import Gateways
from deploys.roles.gateway.environment import as_user, environment
from deploys.roles.gateway.release import DIRECTORY, Release
from deploys.settings.host import SiteHost

ENCRYPTION = "tracseq_gateway.downstream.encryption"
TOO_OLD = (
    "This release of the gateway is from before gateway_tls_port (in group_data/all.py), and load balancers would not "
    "reach it: run deploys/site.py with gateway_tls_port = None first."
)
"""What is said of a release that would take encrypted requests for wrong ones."""
AFTERWARDS = f"{telling.GROUP}, once load balancers have changed"
"""A change by which gateways go back, when one fails, to what both kinds of load balancers are answered with."""
CHECK_REQUEST = f"{DIRECTORY}/request.py"
"""Asks the platform's services something through the gateway, before and after a change."""


def serving(run: Run, release: Release, slots: Slots, together: bool | None = None, changed: bool = False) -> None:
    """
    Have a gateway that runs an installed release.

    Args:
        run: the run
        release: which one
        slots: which of the host's gateways it is; one that gets no requests is changed beside the one that does
        together: whether gateways go back together; None: as the data has it
        changed: whether load balancers have changed to encryption, or from it; until then they are answered as they ask
    """
    site, host = run.site, run.host
    both = not changed and listening.both(run, slots.target)
    slot = listening.as_it_is_asked(run, slots.target) if both else slots.target
    if slots.switch and both:
        raise PyinfraError(
            "gateway_tls_port (in group_data/all.py) is changed, and so is the release: load balancers would ask "
            "gateways that have the old one, and know nothing of it. Bring the release out first, with "
            "gateway_tls_port as it was, and then run again. No host was touched."
        )
    data, user = host.data(Gateways), site.shared.platform_user
    shown = listening.certificates(run)
    url, second = f"http://127.0.0.1:{slot.port}", slot.unit != UNIT
    telling.when_done(run, release.name, release.back)
    service.configured(
        name="Gateway runs it, beside the one that serves" if slots.switch else "Gateway runs it, one host at a time",
        # It looks for a new certificate itself, and is asked with the rest of what does not need a restart.
        unit=Unit(slot.unit, socket=slot.socket, reload="true" if shown else None),
        files=[
            File(
                slot.environment_file,
                environment(run, pool.port(site), slot.port, slot.tls_port, shows=True),
                group=user,
                mode="640",
                secret=True,
                restart=True,
            ),
            File(
                f"/etc/systemd/system/{slot.unit}",
                render(
                    "gateway/tracseq-gateway.service.j2",
                    user=user,
                    directory=DIRECTORY,
                    second=second,
                    socket=slot.socket,
                    link=slot.link,
                    environment_file=slot.environment_file,
                    memory=data.gateway_memory,
                    cpu_quota=round(data.gateway_cpus * 100),
                    open_files=host.own.open_files,
                    shutdown_timeout=data.gateway_shutdown_timeout,
                ),
                restart=True,
            ),
            File(
                slot.socket_file,
                render("gateway/tracseq-gateway.socket.j2", listens=listening.listens(slot, both), second=second),
            ),
            *shown,
            File(CHECK_REQUEST, files.read("gateway/request.py"), mode="755"),
            File(f"{DIRECTORY}/{slot.link}", f"releases/{release.name}", restart=True, link=True),
        ],
        absent=listening.shown_no_more(run, slots, both),
        validate=_check(user, slot),
        also_read=[AUTHORITY_FILE],
        health=Health(
            f"{url}/health",
            reports=[
                f"curl --silent --max-time 20 {url}/health/detailed",
                f"[ ! -e {CHECK_REQUEST} ] || python3 {CHECK_REQUEST} {url} < {slot.environment_file}",
            ],
            required=["database", "redis", "requests"],
            # A service that was taken out of the catalogue is needed no more.
            counted=["database", "redis", "requests", *gateway_services(run.site)],
            timeout=data.gateway_health_timeout,
        ),
        rolling=_beside(run, url) if slots.switch else _in_turns(run, release, slot, url, together, changed),
    )
    if slots.switch and not release.back:
        comparison.passed(
            name="It answers as fast as the one that serves",
            comparison=Comparison(
                f"{host.name} ({slot.name})",
                f"{url}/health",
                f"{host.name} ({slots.active.name})",
                f"http://127.0.0.1:{slots.active.port}/health",
            ),
            slot=slot.name,
            balancer=site.group("load_balancers")[0].target,
        )


def _in_turns(run: Run, release: Release, slot: Slot, url: str, together: bool | None, changed: bool) -> Rolling:
    """How gateways change that get requests, with which others they go back."""
    site, data, by = run.site, run.host.data(Gateways), run.lock.name if run.lock else ""
    balancers = [peer.target for peer in site.group("load_balancers")]
    return Rolling(
        AFTERWARDS if changed else telling.GROUP,
        # One that has no other beside it is not left out.
        drain=_drain(run, url, balancers) if len(site.group("gateways")) > 1 else None,
        together=data.gateway_all_or_nothing if together is None else together,
        # The release has been judged by then.
        trial=None if changed else _trial(run, release, slot, url),
        noted=release_history.noted(PROGRAM, DIRECTORY, by, release.back, slot.link),
        undone=release_history.noted(PROGRAM, DIRECTORY, by, back=True, link=slot.link),
    )


def _beside(run: Run, url: str) -> Rolling:
    """How gateways change that get none: at once, when what they began before the last switch has ended."""
    return Rolling(None, drain=_drain(run, url, balancers=[]))


def _drain(run: Run, url: str, balancers: Sequence[str]) -> Drain:
    host = run.host
    return Drain(
        target=host.target,
        name=host.name,
        balancers=balancers,
        timeout=host.data(Gateways).gateway_drain_timeout,
        metrics=f"{url}/metrics",
    )


def _trial(run: Run, release: Release, slot: Slot, url: str) -> Trial | None:
    """How the first gateway that changes is judged: a balancer sees it and the next of the site."""
    site, host = run.site, run.host
    others = [peer for peer in site.group("gateways") if peer != host and peer.name in run.machines]
    balancers = site.group("load_balancers")
    if not others or not balancers:
        return None
    own, *beside = (Peer(peer.target, peer.name, _asked(peer, slot)) for peer in (host, *others))
    return Trial(
        own,
        beside,
        link=f"{DIRECTORY}/{slot.link}",
        release=release.name,
        asking=balancers[0].target,
        curl=encryption.curl() if slot.tls_port else (),
        metrics=f"{url}/metrics",
        # Back is where it has been seen to be well.
        seconds=0 if release.back else host.data(Gateways).gateway_canary_seconds,
    )


def _asked(peer: SiteHost, slot: Slot) -> str:
    """What a load balancer asks a gateway."""
    if slot.tls_port:
        return f"https://{peer.address}:{slot.tls_port}/health"
    return f"http://{peer.address}:{slot.port}/health"


def _check(user: str, slot: Slot) -> str:
    """Shell: let the new release itself check its new configuration, as the user it will run as."""
    python = f"{as_user(user)} {DIRECTORY}/{slot.link}/bin/python"
    checked = f"(set -a; . {slot.environment_file}; exec {python} -m tracseq_gateway check)"
    if slot.tls_port is None:
        return checked
    knows = f'{python} -c "import importlib.util, sys; sys.exit(not importlib.util.find_spec({ENCRYPTION!r}))"'
    return f"{{ {knows} || {{ echo {shlex.quote(TOO_OLD)} >&2; false; }}; }} && {checked}"
