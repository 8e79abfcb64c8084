"""The gateway's environment variables, by the deployment guide's names."""

from __future__ import annotations

from urllib.parse import quote

from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.releases import encryption
from deploys.controller.run import Run
from deploys.controller.services import addresses, redis
from deploys.controller.templates import render
from deploys.roles.gateway import traces
from deploys.roles.gateway.declaration import REDIS_CERTIFICATE, Gateways
from deploys.settings.debian import RELEASES
from deploys.settings.site import Site

PROMOTIONS = "/var/lib/tracseq-witness"
"""What the host has heard of promotions."""


def environment(run: Run, port: int, listens: int, tls: int | None = None, shows: bool = False) -> str:
    """
    The text of a file that systemd and a shell read.

    Args:
        run: the run
        port: where the gateway finds Postgres on the Postgres hosts
        listens: where it listens itself
        tls: where it does so over mutual TLS; None: nowhere
        shows: whether the host has what it shows to Redis
    """
    return render("gateway/gateway.env.j2", variables=_variables(run, port, listens, shows) | _encrypted(run.site, tls))


def _encrypted(site: Site, tls: int | None) -> dict[str, str]:
    if tls is None:
        return {}
    return {
        "GATEWAY_TLS_PORT": str(tls),
        "GATEWAY_TLS_CERTIFICATE": f"{encryption.GATEWAY}/server.crt",
        "GATEWAY_TLS_KEY": f"{encryption.GATEWAY}/server.key",
        "GATEWAY_TLS_AUTHORITY": AUTHORITY_FILE,
        "GATEWAY_TLS_CLIENTS": ",".join(peer.name for peer in site.group("load_balancers")),
    }


def _of_redis() -> dict[str, str]:
    certificate, key = REDIS_CERTIFICATE
    return {"REDIS_CA_FILE": AUTHORITY_FILE, "REDIS_CERTIFICATE": certificate, "REDIS_KEY": key}


def as_user(user: str) -> str:
    """Shell: what runs a command as the user that the gateway runs as."""
    # It has no home, and asyncpg would look for certificates in root's.
    return f"env HOME=/nonexistent setpriv --reuid={user} --regid={user} --init-groups"


def _variables(run: Run, port: int, listens: int, shows: bool) -> dict[str, str]:
    site, shared, data = run.site, run.site.shared, run.host.data(Gateways)
    servers = ",".join(f"{peer.name}:{port}" for peer in site.group("postgres"))
    debian = run.topology.servers[run.topology.primary].debian or ""
    pooled = port == shared.postgres_pool_port
    password = quote(site.secret("POSTGRES_PASSWORD"), safe="")
    return {
        "ENVIRONMENT": "staging" if shared.environment == "staging" else "production",
        "GATEWAY_HOST": "0.0.0.0",
        "GATEWAY_PORT": str(listens),
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
        **redis.where(site),
        "REDIS_PASSWORD": site.secret("REDIS_PASSWORD"),
        **(_of_redis() if shows and shared.redis_tls_port else {}),
        "JWT_SECRET_KEY": site.secret("JWT_SECRET_KEY"),
        **addresses.variables(site),
        **traces.variables(data.gateway_trace_endpoint, data.gateway_trace_sample_ratio),
        **data.gateway_environment,
    }
