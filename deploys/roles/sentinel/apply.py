"""A Sentinel beside each Redis server: three of them agree whether the master is gone, and promote a replica."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from pyinfra.api import deploy

from deploys.controller import credentials
from deploys.controller.redis import servers, tls
from deploys.controller.run import Run
from deploys.controller.services import redis as users_of
from deploys.controller.templates import render
from deploys.facts.redis_member import MASTER, OF_SENTINEL, SENTINEL_CONFIGURATION, STATE
from deploys.operations import redis, service
from deploys.operations.file_set import File
from deploys.operations.rolling import Rolling
from deploys.operations.service import Unit
from deploys.roles.sentinel.declaration import ACL, DROP_IN, UNIT
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

# It has no command that only checks its configuration, and writes to the one that it is given: it is started with a
# copy until it listens, in a network of its own, on no port.
CHECK = (
    'mkdir "$stage/data" && { echo "sentinel monitor ' + MASTER + ' 127.0.0.1 6379 2"; '
    f'cat {SENTINEL_CONFIGURATION}; }} >"$stage/data/sentinel.conf" && chmod 600 "$stage/data/sentinel.conf" && '
    'chown -R redis "$stage/data" && chmod 711 "$stage" && '
    "{ unshare --net setpriv --reuid=redis --regid=redis --init-groups timeout 30 redis-sentinel "
    '"$stage/data/sentinel.conf" --port 0 --tls-port 0 --bind 127.0.0.1 --unixsocket "$stage/data/socket" '
    '--dir "$stage/data" --supervised no --pidfile "$stage/data/pid" & } && '
    'tried=$!; while kill -0 $tried 2>/dev/null && [ ! -S "$stage/data/socket" ]; do sleep 0.05; done; '
    "kill $tried 2>/dev/null && { wait $tried || true; }"
)


@deploy("Redis Sentinel")
def apply(run: Run) -> None:
    """Have a Sentinel that watches the master, whoever that is."""
    site, host = run.site, run.host
    ports, shared = servers.ports(site), site.shared
    parts, users = run.redis, users_of.users(site)
    redis.password_taken(
        name="The password is taken everywhere", digest=users_of.digest(site.secret("REDIS_PASSWORD")), ports=ports
    )
    redis.watches(name="It knows the master", master=site.host(parts.master).address, ports=ports)
    text = render(
        "sentinel/sentinel.conf.j2",
        addresses=["127.0.0.1", "::1", *host.addresses],
        port=shared.redis_sentinel_port,
        tls_port=shared.redis_sentinel_tls_port,
        shown=tls.SHOWN,
        replicated=True,
        password=users_of.quoted(site.secret("REDIS_PASSWORD")),
        users_file=ACL if users else None,
        state=STATE,
        identity=_identity(site, host),
        address=host.address,
        master=MASTER,
        down_after=round(shared.redis_down_after * 1000),
        failover_timeout=round(shared.redis_failover_timeout * 1000),
    )
    service.configured(
        name="Sentinel",
        unit=Unit(UNIT),
        files=[
            File(SENTINEL_CONFIGURATION, text, "redis", "redis", "640", secret=True, restart=True),
            *([_users(site, users)] if users else []),
            *(_shown(run) if shared.redis_tls_port else ()),
            File(
                DROP_IN,
                render("sentinel/unit.conf.j2", configuration=SENTINEL_CONFIGURATION, own=OF_SENTINEL),
                restart=True,
            ),
        ],
        absent=() if users else [ACL],
        validate=CHECK,
        rolling=Rolling("sentinel"),
    )


def _shown(run: Run) -> list[File]:
    """By what its host is known: it has no command by which it takes up a new one."""
    return [replace(file, restart=True) for file in credentials.files(run, tls.CERTIFICATE)]


def _identity(site: Site, host: SiteHost) -> str:
    """The name by which the others know a Sentinel: a machine that was made anew must not count as one more."""
    return hashlib.sha1(f"{site.shared.environment}:{host.name}".encode(), usedforsecurity=False).hexdigest()


def _users(site: Site, users: list[users_of.User]) -> File:
    text = render("sentinel/users.acl.j2", default=users_of.digest(site.secret("REDIS_PASSWORD")), users=users)
    return File(ACL, text, "redis", "redis", "640", secret=True, restart=True)
