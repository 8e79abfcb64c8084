"""A gateway that runs one of its installed releases, and how a change of it is seen to be well."""

from __future__ import annotations

from deploys.controller import files
from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.postgres import pool
from deploys.controller.run import Run
from deploys.controller.services.addresses import gateway_services
from deploys.controller.templates import render
from deploys.facts.gateway import PROGRAM
from deploys.operations import release_history, service
from deploys.operations.canary import Canary
from deploys.operations.drain import Drain
from deploys.operations.file_set import File
from deploys.operations.health import Health
from deploys.operations.rolling import Rolling
from deploys.operations.service import Unit
from deploys.roles.gateway.declaration import Gateways
from deploys.roles.gateway.environment import as_user, environment
from deploys.roles.gateway.release import DIRECTORY, Release

ENVIRONMENT_FILE = "/etc/tracseq/gateway.env"
UNIT = "tracseq-gateway.service"
SOCKET = "tracseq-gateway.socket"
CHECK_REQUEST = f"{DIRECTORY}/request.py"
"""Asks the platform's services something through the gateway, before and after a change."""


def serving(run: Run, release: Release) -> None:
    """
    Have a gateway that runs an installed release.

    Args:
        run: the run
        release: which one
    """
    site, host = run.site, run.host
    data, user, port = host.data(Gateways), site.shared.platform_user, site.shared.gateway_port
    url, by = f"http://127.0.0.1:{port}", run.lock.name if run.lock else ""
    service.configured(
        name="Gateway runs it, one host at a time",
        unit=Unit(UNIT, socket=SOCKET),
        files=[
            File(ENVIRONMENT_FILE, environment(run, pool.port(site)), group=user, mode="640", secret=True, restart=True),
            File(
                f"/etc/systemd/system/{UNIT}",
                render(
                    "gateway/tracseq-gateway.service.j2",
                    user=user,
                    directory=DIRECTORY,
                    environment_file=ENVIRONMENT_FILE,
                    memory=data.gateway_memory,
                    cpu_quota=round(data.gateway_cpus * 100),
                    open_files=host.own.open_files,
                    shutdown_timeout=data.gateway_shutdown_timeout,
                ),
                restart=True,
            ),
            File(f"/etc/systemd/system/{SOCKET}", render("gateway/tracseq-gateway.socket.j2", port=port)),
            File(CHECK_REQUEST, files.read("gateway/request.py"), mode="755"),
            File(f"{DIRECTORY}/current", f"releases/{release.name}", restart=True, link=True),
        ],
        validate=_check(user),
        also_read=[AUTHORITY_FILE],
        health=Health(
            f"{url}/health",
            reports=[
                f"curl --silent --max-time 20 {url}/health/detailed",
                f"[ ! -e {CHECK_REQUEST} ] || python3 {CHECK_REQUEST} {url} < {ENVIRONMENT_FILE}",
            ],
            required=["database", "redis", "requests"],
            # A service that was taken out of the catalogue is needed no more.
            counted=["database", "redis", "requests", *gateway_services(run.site)],
            timeout=data.gateway_health_timeout,
        ),
        rolling=Rolling(
            "gateways",
            drain=_drain(run, url),
            together=data.gateway_all_or_nothing,
            canary=None if release.back else _canary(run, url),
            noted=release_history.noted(PROGRAM, DIRECTORY, by, release.back),
            undone=release_history.noted(PROGRAM, DIRECTORY, by, back=True),
        ),
    )


def _drain(run: Run, url: str) -> Drain | None:
    """How the balancers leave this gateway out; a gateway that has no other beside it is not left out."""
    site, host = run.site, run.host
    if len(site.group("gateways")) == 1:
        return None
    return Drain(
        target=host.target,
        name=host.name,
        balancers=[peer.target for peer in site.group("load_balancers")],
        timeout=host.data(Gateways).gateway_drain_timeout,
        metrics=f"{url}/metrics",
    )


def _canary(run: Run, url: str) -> Canary | None:
    """How the first gateway with a release is tried, where the data asks for it and there are others."""
    data = run.host.data(Gateways)
    others = [peer.target for peer in run.site.group("gateways") if peer != run.host and peer.name in run.machines]
    if not data.gateway_canary_seconds or not others:
        return None
    return Canary(
        target=run.host.target,
        others=others,
        metrics=f"{url}/metrics",
        seconds=data.gateway_canary_seconds,
    )


def _check(user: str) -> str:
    """Shell: let the new release itself check its new configuration, as the user it will run as."""
    return f"(set -a; . {ENVIRONMENT_FILE}; exec {as_user(user)} {DIRECTORY}/current/bin/python -m tracseq_gateway check)"


