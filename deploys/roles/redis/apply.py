"""Redis: on the site's network, with a password, every write on disk within a second."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api import deploy

from deploys.controller import credentials
from deploys.controller.redis import servers, tls
from deploys.controller.run import Run
from deploys.controller.services import redis
from deploys.controller.templates import render
from deploys.engine.turns import turns
from deploys.facts.redis import CONFIGURATION
from deploys.facts.redis_member import ENOUGH, OF_SERVER
from deploys.operations import redis as server
from deploys.operations import service
from deploys.operations.file_set import File
from deploys.operations.service import Unit
from deploys.roles.redis.declaration import DROP_IN, UNIT, USERS, Redis
from deploys.settings import credential
from deploys.settings.site import Site

# Redis has no command that only checks its configuration. It is started with it until it listens, in a
# network of its own, on no port and in an empty directory: what is wrong it says and ends before that.
CHECK = (
    'mkdir "$stage/data" && chown redis "$stage" "$stage/data" && chmod 711 "$stage" && '
    "{ unshare --net setpriv --reuid=redis --regid=redis --init-groups timeout 30 redis-server "
    '/etc/redis/redis.conf --port 0 --tls-port 0 --bind 127.0.0.1 --unixsocket "$stage/data/socket" '
    '--dir "$stage/data" --appendonly no --supervised no --pidfile "$stage/data/pid" & } && '
    'tried=$!; while kill -0 $tried 2>/dev/null && [ ! -S "$stage/data/socket" ]; do sleep 0.05; done; '
    "kill $tried 2>/dev/null && { wait $tried || true; }"
)


@deploy("Redis")
def apply(run: Run) -> None:
    """Have Redis reachable by the gateways: one server, or three of which one is the master."""
    site, host = run.site, run.host
    if not site.group("sentinels"):
        _configured(run, Unit(UNIT, reload=_reload(site)))
        return
    ports, parts = servers.ports(site), run.redis
    if host.name != parts.master:
        server.joins(name="It begins as a replica", master=site.host(parts.master).address, ports=ports)
    for name in turns(parts.order):
        if host.name == name:
            _configured(run, Unit(UNIT, restart=server.restarted(ports), reload=_reload(site)))
    members = [member.address for member in site.group("sentinels")]
    away = len(run.out.keys() & parts.order)
    for name in turns(parts.order):
        if host.name == name:
            server.only_these(name="Its Sentinel knows no others", addresses=members, ports=ports, away=away)
    server.settled(name="It has its part", others=len(members) - 1 - away, ports=ports, away=away)


def _configured(run: Run, unit: Unit) -> None:
    """Have the server run with its files."""
    site, host = run.site, run.host
    data, users, several = host.data(Redis), redis.users(site), bool(site.group("sentinels"))
    encrypted = site.shared.redis_tls_port is not None
    text = render(
        "redis/redis.conf.j2",
        addresses=["127.0.0.1", "::1", *host.addresses],
        port=site.shared.redis_port,
        tls_port=site.shared.redis_tls_port,
        shown=tls.SHOWN,
        users_file=USERS if users else None,
        password=redis.quoted(site.secret("REDIS_PASSWORD")),
        memory=data.redis_memory,
        eviction=data.redis_eviction,
        fsync=data.redis_fsync,
        replicated=host.address if several else None,
        enough=ENOUGH,
    )
    service.configured(
        name="Redis server",
        unit=unit,
        files=[
            File(CONFIGURATION, text, "redis", "redis", "640", secret=True, restart=True),
            *([_users(site, users)] if users else []),
            *(credentials.files(run, tls.CERTIFICATE) if encrypted else ()),
            File(
                DROP_IN,
                render("redis/unit.conf.j2", configuration=CONFIGURATION, own=OF_SERVER, several=several),
                restart=True,
            ),
        ],
        absent=[
            *([] if users else [USERS]),
            *([] if encrypted else [tls.CERTIFICATE, tls.KEY, credential.place(tls.CERTIFICATE)]),
        ],
        validate=CHECK,
    )


def _reload(site: Site) -> str | None:
    port, steps = site.shared.redis_port, []
    if redis.users(site):
        steps.append(server.users_loaded(port))
    if site.shared.redis_tls_port:
        steps.append(server.certificate_loaded(port, **tls.SHOWN))
    return " && ".join(f"{{ {step}; }}" for step in steps) or None


def _users(site: Site, users: Sequence[redis.User]) -> File:
    """The users of services, and that of the gateways and of whoever has the site's password, as it always was."""
    text = render(
        "redis/users.acl.j2",
        default=redis.digest(site.secret("REDIS_PASSWORD")),
        users=users,
        replicated=bool(site.group("sentinels")),
    )
    return File(USERS, text, "redis", "redis", "640", secret=True)
