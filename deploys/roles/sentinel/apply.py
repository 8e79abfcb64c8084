"""A Sentinel beside each Redis server: three of them agree whether the master is gone, and promote a replica."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from pyinfra.api import deploy

from deploys.controller import credentials
from deploys.controller.redis import servers, software, tls
from deploys.controller.run import Run
from deploys.controller.services import redis as users_of
from deploys.controller.templates import render
from deploys.facts.redis_member import MASTER
from deploys.facts.redis_software import Software, other
from deploys.operations import redis, role, service
from deploys.operations.file_set import File
from deploys.operations.rolling import Rolling
from deploys.operations.service import Unit
from deploys.roles.sentinel import remove
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


@deploy("Redis Sentinel")
def apply(run: Run) -> None:
    """Have a Sentinel that watches the master, whoever that is."""
    site, host = run.site, run.host
    ports, shared = servers.ports(site), site.shared
    chosen, left = software.of(shared), other(software.of(shared))
    parts, users = run.redis, users_of.users(site)
    # While one of the two is enabled the other cannot be: both packages give theirs the alias sentinel.service.
    role.removed(
        name=f"None of {left.title} is here",
        units=[left.sentinel_unit],
        paths=[*remove.files(left), left.sentinel_drop_in],
    )
    redis.password_taken(
        name="The password is taken everywhere",
        digest=users_of.digest(site.secret("REDIS_PASSWORD")),
        ports=ports,
        software=chosen,
    )
    master = site.host(parts.master).address
    redis.watches(name="It knows the master", master=master, ports=ports, software=chosen)
    text = render(
        "sentinel/sentinel.conf.j2",
        software=chosen,
        addresses=["127.0.0.1", "::1", *host.addresses],
        port=shared.redis_sentinel_port,
        tls_port=shared.redis_sentinel_tls_port,
        shown=tls.SHOWN,
        replicated=True,
        password=users_of.quoted(site.secret("REDIS_PASSWORD")),
        users_file=chosen.sentinel_users if users else None,
        identity=_identity(site, host),
        address=host.address,
        master=MASTER,
        down_after=round(shared.redis_down_after * 1000),
        failover_timeout=round(shared.redis_failover_timeout * 1000),
    )
    service.configured(
        name="Sentinel",
        unit=Unit(chosen.sentinel_unit),
        files=[
            File(chosen.sentinel_configuration, text, chosen.user, chosen.user, "640", secret=True, restart=True),
            *([_users(site, users)] if users else []),
            *(_shown(run) if shared.redis_tls_port else ()),
            File(chosen.sentinel_drop_in, render("sentinel/unit.conf.j2", software=chosen), restart=True),
        ],
        absent=() if users else [chosen.sentinel_users],
        validate=_check(chosen),
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
    chosen = software.of(site.shared)
    return File(chosen.sentinel_users, text, chosen.user, chosen.user, "640", secret=True, restart=True)


def _check(chosen: Software) -> str:
    """
    Shell that refuses a configuration.

    It has no command that only checks one, and writes to the one that it is given: it is started with a copy until it
    listens, in a network of its own, on no port.
    """
    user = chosen.user
    return (
        f'mkdir "$stage/data" && {{ echo "sentinel monitor {MASTER} 127.0.0.1 6379 2"; '
        f'cat {chosen.sentinel_configuration}; }} >"$stage/data/sentinel.conf" && '
        'chmod 600 "$stage/data/sentinel.conf" && '
        f'chown -R {user} "$stage/data" && chmod 711 "$stage" && '
        f"{{ unshare --net setpriv --reuid={user} --regid={user} --init-groups timeout 30 {chosen.sentinel} "
        '"$stage/data/sentinel.conf" --port 0 --tls-port 0 --bind 127.0.0.1 --unixsocket "$stage/data/socket" '
        '--dir "$stage/data" --supervised no --pidfile "$stage/data/pid" & } && '
        'tried=$!; while kill -0 $tried 2>/dev/null && [ ! -S "$stage/data/socket" ]; do sleep 0.05; done; '
        "kill $tried 2>/dev/null && { wait $tried || true; }"
    )
