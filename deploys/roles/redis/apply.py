"""Redis: on the site's network, with a password, every write on disk within a second."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.controller.services import redis
from deploys.controller.templates import render
from deploys.operations import service
from deploys.operations.file_set import File
from deploys.operations.redis import users_loaded
from deploys.operations.service import Unit
from deploys.roles.redis.declaration import USERS, Redis
from deploys.settings.site import Site

# Redis has no command that only checks its configuration. It is started with it until it listens, in a
# network of its own, on no port and in an empty directory: what is wrong it says and ends before that.
CHECK = (
    'mkdir "$stage/data" && chown redis "$stage" "$stage/data" && chmod 711 "$stage" && '
    "{ unshare --net setpriv --reuid=redis --regid=redis --init-groups timeout 30 redis-server "
    '/etc/redis/redis.conf --port 0 --bind 127.0.0.1 --unixsocket "$stage/data/socket" '
    '--dir "$stage/data" --appendonly no --supervised no --pidfile "$stage/data/pid" & } && '
    'tried=$!; while kill -0 $tried 2>/dev/null && [ ! -S "$stage/data/socket" ]; do sleep 0.05; done; '
    "kill $tried 2>/dev/null && { wait $tried || true; }"
)


@deploy("Redis")
def apply(run: Run) -> None:
    """Have one Redis server, reachable by the gateways."""
    site, host = run.site, run.host
    data, users = host.data(Redis), redis.users(site)
    text = render(
        "redis/redis.conf.j2",
        addresses=["127.0.0.1", "::1", *host.addresses],
        port=site.shared.redis_port,
        users_file=USERS if users else None,
        password=_quoted(site.secret("REDIS_PASSWORD")),
        memory=data.redis_memory,
        eviction=data.redis_eviction,
    )
    service.configured(
        name="Redis server",
        unit=Unit("redis-server.service", reload=users_loaded(site.shared.redis_port) if users else None),
        files=[
            File("/etc/redis/redis.conf", text, "redis", "redis", "640", secret=True, restart=True),
            *([_users(site, users)] if users else []),
            # It binds to addresses that the network must have given the host first; an IPv6 address
            # may be held back for a while after the network says that it is up (RFC 4862, 5.4).
            File(
                "/etc/systemd/system/redis-server.service.d/tracseq.conf",
                "[Unit]\nWants=network-online.target\nAfter=network-online.target\nStartLimitIntervalSec=0\n"
                "[Service]\nRestart=always\nRestartSec=2\n",
                restart=True,
            ),
        ],
        absent=() if users else [USERS],
        validate=CHECK,
    )


def _users(site: Site, users: list[redis.User]) -> File:
    """The users of services, and that of the gateways and of whoever has the site's password, as it always was."""
    text = render("redis/users.acl.j2", default=redis.digest(site.secret("REDIS_PASSWORD")), users=users)
    return File(USERS, text, "redis", "redis", "640", secret=True)


def _quoted(secret: str) -> str:
    """A secret between the double quotes of redis.conf."""
    return secret.replace("\\", "\\\\").replace('"', '\\"')
