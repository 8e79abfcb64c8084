"""The API gateway: a release that is installed offline, its unit, and one instance at a time."""

from __future__ import annotations

from urllib.parse import quote

from pyinfra.api import deploy

from deploys.controller import wheels
from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.templates import render
from deploys.facts.machine import MachineState
from deploys.operations import release, service
from deploys.operations.file_set import File
from deploys.settings.debian import RELEASES
from deploys.settings.host import SiteHost
from deploys.settings.once import once
from deploys.settings.site import Site

DIRECTORY = "/opt/tracseq/gateway"
ENVIRONMENT_FILE = "/etc/tracseq/gateway.env"
UNIT = "tracseq-gateway.service"
SOCKET = "tracseq-gateway.socket"


@deploy("Gateway")
def apply(site: Site, host: SiteHost, machine: MachineState, primary: str) -> None:
    """
    Have one gateway that runs this release with this configuration, and is healthy.

    + machine: the host as preflight found it; its Debian decides which wheels it gets
    + primary: the Postgres host that writes; the first gateway migrates its tables
    """
    data = host.gateway
    user = host.all.platform_user
    python, architecture = RELEASES[machine.values["version"]].python, machine.values["architecture"]
    bundle = once(f"wheels {python} {architecture}", lambda: wheels.bundle(python, architecture))
    release.installed(
        name="Release installed beside the current one",
        directory=DIRECTORY,
        release=bundle.release,
        archive=str(bundle.archive),
        program="tracseq_gateway.server.process",
        kept=data.gateway_releases_kept,
    )
    environment = render("gateway/gateway.env.j2", variables=_environment(site, host, machine))
    if host == site.group("gateways")[0]:
        release.migrated(
            name="Tables are those that the release needs",
            directory=DIRECTORY,
            release=bundle.release,
            command=f"{_as(user)} bin/python -m tracseq_gateway migrate",
            revisions=wheels.revisions(),
            database=host.all.postgres_database,
            server=site.host(primary).target,
            environment=environment,
        )
    service.configured(
        name="Gateway runs it, one host at a time",
        unit=UNIT,
        files=[
            File(
                ENVIRONMENT_FILE,
                environment,
                group=user,
                mode="640",
                secret=True,
                restart=True,
            ),
            File(
                f"/etc/systemd/system/{UNIT}",
                render(
                    "gateway/tracseq-gateway.service.j2",
                    user=user,
                    directory=DIRECTORY,
                    environment_file=ENVIRONMENT_FILE,
                    memory=data.gateway_memory,
                    cpu_quota=round(data.gateway_cpus * 100),
                    open_files=host.all.open_files,
                    shutdown_timeout=data.gateway_shutdown_timeout,
                ),
                restart=True,
            ),
            File(
                f"/etc/systemd/system/{SOCKET}",
                render("gateway/tracseq-gateway.socket.j2", port=host.all.gateway_port),
            ),
            File(f"{DIRECTORY}/current", f"releases/{bundle.release}", restart=True, link=True),
        ],
        validate=_check(user),
        socket=SOCKET,
        also_read=[AUTHORITY_FILE],
        healthy=f"http://127.0.0.1:{host.all.gateway_port}/health",
        one_at_a_time="gateways",
    )


def _as(user: str) -> str:
    # It has no home, and asyncpg would look for certificates in root's.
    return f"env HOME=/nonexistent setpriv --reuid={user} --regid={user} --init-groups"


def _check(user: str) -> str:
    """Shell: let the new release itself check its new configuration, as the user it will run as."""
    return f"(set -a; . {ENVIRONMENT_FILE}; exec {_as(user)} {DIRECTORY}/current/bin/python -m tracseq_gateway check)"


def _environment(site: Site, host: SiteHost, machine: MachineState) -> dict[str, str]:
    """The gateway's environment variables, by the deployment guide's names."""
    shared, data = host.all, host.gateway
    servers = ",".join(f"{peer.name}:{shared.postgres_port}" for peer in site.group("postgres"))
    redis = site.group("redis")[0]
    password = quote(site.secret("POSTGRES_PASSWORD"), safe="")
    return {
        "ENVIRONMENT": "staging" if shared.environment == "staging" else "production",
        "GATEWAY_HOST": "0.0.0.0",
        "GATEWAY_PORT": str(shared.gateway_port),
        "GATEWAY_WORKERS": str(data.gateway_workers or machine.values["cpus"]),
        "GATEWAY_SHUTDOWN_TIMEOUT": str(data.gateway_shutdown_timeout),
        "TRUSTED_PROXIES": ",".join(address for peer in site.group("load_balancers") for address in peer.addresses),
        "DATABASE_URL": (
            f"postgresql://{shared.postgres_user}:{password}@{servers}/{shared.postgres_database}"
            f"?target_session_attrs=read-write&sslmode=verify-full&sslrootcert={AUTHORITY_FILE}"
        ),
        "REDIS_URL": f"redis://{redis.name}:{shared.redis_port}/0",
        "REDIS_PASSWORD": site.secret("REDIS_PASSWORD"),
        "JWT_SECRET_KEY": site.secret("JWT_SECRET_KEY"),
        **{
            f"{name}_SERVICE_URL": ",".join(str(url).rstrip("/") for url in urls)
            for name, urls in data.gateway_services.items()
        },
        **data.gateway_environment,
    }
