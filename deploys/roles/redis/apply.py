"""Redis: on the site's network, with a password, every write on disk within a second."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api import deploy

from deploys.controller import credentials
from deploys.controller.redis import servers, software, tls
from deploys.controller.run import Run
from deploys.controller.services import redis
from deploys.controller.templates import render
from deploys.engine.barrier import barrier
from deploys.engine.turns import turns
from deploys.facts.redis_member import ENOUGH
from deploys.facts.redis_software import Software, other
from deploys.operations import redis as server
from deploys.operations import role, service
from deploys.operations.file_set import File
from deploys.operations.service import Unit
from deploys.roles.redis import remove
from deploys.roles.redis.declaration import Redis
from deploys.settings import credential
from deploys.settings.site import Site


@deploy("Redis")
def apply(run: Run) -> None:
    """Have Redis reachable by the gateways: one server, or three of which one is the master."""
    site, host, chosen = run.site, run.host, software.of(run.site.shared)
    left = other(chosen)
    role.removed(
        name=f"No {left.title} is here", units=[left.unit], paths=[*remove.files(left), left.drop_in], data=[left.data]
    )
    if not site.group("sentinels"):
        _configured(run, Unit(chosen.unit, reload=_reload(site)))
        return
    ports, parts = servers.ports(site), run.redis
    if host.name != parts.master:
        address = site.host(parts.master).address
        server.joins(name="It begins as a replica", master=address, ports=ports, software=chosen)
    for name in turns(parts.order):
        if host.name == name:
            _configured(run, Unit(chosen.unit, restart=server.restarted(ports, chosen), reload=_reload(site)))
        # Hosts that share no operation go side by side: the master would hand over to a replica that is just restarted.
        barrier(name=f"{name} has its files and follows")
    members = [member.address for member in site.group("sentinels")]
    away = len(run.out.keys() & parts.order)
    for name in turns(parts.order):
        if host.name == name:
            server.only_these(
                name="Its Sentinel knows no others", addresses=members, ports=ports, software=chosen, away=away
            )
        barrier(name=f"The Sentinel of {name} knows the others")
    others = len(members) - 1 - away
    server.settled(name="It has its part", others=others, ports=ports, software=chosen, away=away)


def _configured(run: Run, unit: Unit) -> None:
    """Have the server run with its files."""
    site, host = run.site, run.host
    data, users, several = host.data(Redis), redis.users(site), bool(site.group("sentinels"))
    encrypted, chosen = site.shared.redis_tls_port is not None, software.of(site.shared)
    text = render(
        "redis/redis.conf.j2",
        software=chosen,
        addresses=["127.0.0.1", "::1", *host.addresses],
        port=site.shared.redis_port,
        tls_port=site.shared.redis_tls_port,
        shown=tls.SHOWN,
        users_file=chosen.users if users else None,
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
            File(chosen.configuration, text, chosen.user, chosen.user, "640", secret=True, restart=True),
            *([_users(site, users)] if users else []),
            *(credentials.files(run, tls.CERTIFICATE) if encrypted else ()),
            File(chosen.drop_in, render("redis/unit.conf.j2", software=chosen, several=several), restart=True),
        ],
        absent=[
            *([] if users else [chosen.users]),
            *([] if encrypted else [tls.CERTIFICATE, tls.KEY, credential.place(tls.CERTIFICATE)]),
        ],
        validate=_check(chosen),
    )


def _reload(site: Site) -> str | None:
    port, chosen, steps = site.shared.redis_port, software.of(site.shared), []
    if redis.users(site):
        steps.append(server.users_loaded(port, chosen))
    if site.shared.redis_tls_port:
        steps.append(server.certificate_loaded(port, chosen, **tls.SHOWN))
    return " && ".join(f"{{ {step}; }}" for step in steps) or None


def _users(site: Site, users: Sequence[redis.User]) -> File:
    """The users of services, and that of the gateways and of whoever has the site's password, as it always was."""
    text = render(
        "redis/users.acl.j2",
        default=redis.digest(site.secret("REDIS_PASSWORD")),
        users=users,
        replicated=bool(site.group("sentinels")),
    )
    chosen = software.of(site.shared)
    return File(chosen.users, text, chosen.user, chosen.user, "640", secret=True)


def _check(chosen: Software) -> str:
    """
    Shell that refuses a configuration.

    The server has no command that only checks one. It is started with it until it listens, in a network of its own, on
    no port and in an empty directory: what is wrong it says and ends before that.
    """
    user = chosen.user
    return (
        f'mkdir "$stage/data" && chown {user} "$stage" "$stage/data" && chmod 711 "$stage" && '
        f"{{ unshare --net setpriv --reuid={user} --regid={user} --init-groups timeout 30 {chosen.server} "
        f'{chosen.configuration} --port 0 --tls-port 0 --bind 127.0.0.1 --unixsocket "$stage/data/socket" '
        '--dir "$stage/data" --appendonly no --supervised no --pidfile "$stage/data/pid" & } && '
        'tried=$!; while kill -0 $tried 2>/dev/null && [ ! -S "$stage/data/socket" ]; do sleep 0.05; done; '
        "kill $tried 2>/dev/null && { wait $tried || true; }"
    )
