"""The API gateway: its unit with this release, and one instance at a time."""

from __future__ import annotations

from urllib.parse import quote

from pyinfra.api import deploy

from deploys.controller import files, wheels
from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.postgres import pool
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import release, service
from deploys.operations.drain import Drain
from deploys.operations.file_set import File
from deploys.operations.health import Health
from deploys.operations.service import Unit
from deploys.roles.gateway.declaration import Gateways
from deploys.roles.gateway.release import DIRECTORY, bundle
from deploys.settings.debian import RELEASES

ENVIRONMENT_FILE = "/etc/tracseq/gateway.env"
UNIT = "tracseq-gateway.service"
SOCKET = "tracseq-gateway.socket"
PROMOTIONS = "/var/lib/tracseq-witness"
"""What the host has heard of promotions."""
CHECK_REQUEST = f"{DIRECTORY}/request.py"
"""Asks the platform's services something through the gateway, before and after a change."""


@deploy("Gateway")
def apply(run: Run) -> None:
    """Have one gateway that runs this release with this configuration, and is healthy."""
    site, host = run.site, run.host
    data, user, port = host.data(Gateways), site.shared.platform_user, site.shared.gateway_port
    made = bundle(run)
    environment = render("gateway/gateway.env.j2", variables=_environment(run, pool.port(site)))
    # The first of this run, which a limit may have left with one that is not the site's first.
    if host.name == next(peer.name for peer in site.group("gateways") if peer.name in run.machines):
        release.migrated(
            name="Tables are those that the release needs",
            directory=DIRECTORY,
            release=made.release,
            command=f"{_as(user)} bin/python -m tracseq_gateway migrate",
            revisions=wheels.revisions(),
            database=site.shared.postgres_database,
            server=site.host(run.topology.primary).target,
            # Not through a pool: what a migration sets for its session must stay with it.
            environment=render("gateway/gateway.env.j2", variables=_environment(run, site.shared.postgres_port)),
        )
    url = f"http://127.0.0.1:{port}"
    service.configured(
        name="Gateway runs it, one host at a time",
        unit=Unit(UNIT, socket=SOCKET),
        files=[
            File(ENVIRONMENT_FILE, environment, group=user, mode="640", secret=True, restart=True),
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
            File(f"{DIRECTORY}/current", f"releases/{made.release}", restart=True, link=True),
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
            timeout=data.gateway_health_timeout,
        ),
        rolling="gateways",
        drain=_drain(run, url),
    )


def _drain(run: Run, url: str) -> Drain | None:
    """How the balancers leave this gateway out; a gateway that has no other beside it is not left out."""
    site, host = run.site, run.host
    balancers = site.group("load_balancers")
    if len(site.group("gateways")) == 1:
        return None
    return Drain(
        server=f"{host.address}:{site.shared.gateway_port}",
        balancers=[peer.target for peer in balancers],
        addresses=[address for peer in balancers for address in peer.addresses],
        timeout=host.data(Gateways).gateway_drain_timeout,
        metrics=f"{url}/metrics",
    )


def _as(user: str) -> str:
    # It has no home, and asyncpg would look for certificates in root's.
    return f"env HOME=/nonexistent setpriv --reuid={user} --regid={user} --init-groups"


def _check(user: str) -> str:
    """Shell: let the new release itself check its new configuration, as the user it will run as."""
    return f"(set -a; . {ENVIRONMENT_FILE}; exec {_as(user)} {DIRECTORY}/current/bin/python -m tracseq_gateway check)"


def _environment(run: Run, port: int) -> dict[str, str]:
    """
    The gateway's environment variables, by the deployment guide's names.

    Args:
        run: the run
        port: where it finds Postgres on the Postgres hosts
    """
    site, shared, data = run.site, run.site.shared, run.host.data(Gateways)
    servers = ",".join(f"{peer.name}:{port}" for peer in site.group("postgres"))
    debian = run.topology.servers[run.topology.primary].debian or ""
    pooled = port == shared.postgres_pool_port
    redis = site.group("redis")[0]
    password = quote(site.secret("POSTGRES_PASSWORD"), safe="")
    return {
        "ENVIRONMENT": "staging" if shared.environment == "staging" else "production",
        "GATEWAY_HOST": "0.0.0.0",
        "GATEWAY_PORT": str(shared.gateway_port),
        "GATEWAY_WORKERS": str(data.gateway_workers or run.machine.values["cpus"]),
        "GATEWAY_SHUTDOWN_TIMEOUT": str(data.gateway_shutdown_timeout),
        "MAX_REQUEST_SIZE": str(shared.largest_body),
        "TRUSTED_PROXIES": ",".join(address for peer in site.group("load_balancers") for address in peer.addresses),
        "DATABASE_URL": (
            f"postgresql://{shared.postgres_user}:{password}@{servers}/{shared.postgres_database}"
            f"?target_session_attrs=read-write&sslmode=verify-full&sslrootcert={AUTHORITY_FILE}"
        ),
        **(
            {"DB_PREPARED_STATEMENTS": "false"}
            if pooled and debian in RELEASES and not RELEASES[debian].pgbouncer_has_prepared_statements
            else {}
        ),
        **({"DB_PROMOTIONS": PROMOTIONS} if len(site.group("postgres")) > 1 else {}),
        "REDIS_URL": f"redis://{redis.name}:{shared.redis_port}/0",
        "REDIS_PASSWORD": site.secret("REDIS_PASSWORD"),
        "JWT_SECRET_KEY": site.secret("JWT_SECRET_KEY"),
        **{
            f"{name}_SERVICE_URL": ",".join(str(url).rstrip("/") for url in urls)
            for name, urls in data.gateway_services.items()
        },
        **data.gateway_environment,
    }
