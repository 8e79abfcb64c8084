"""What is wrong with the Postgres servers of a site, and with each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from deploys.controller import words
from deploys.controller.postgres import topology
from deploys.controller.postgres.topology import TopologyError
from deploys.controller.status.postgres import server
from deploys.controller.status.postgres.replication import Behind
from deploys.controller.status.postgres.view import View
from deploys.controller.status.section import Finding
from deploys.facts.postgres.state import Answer, ServerState


def of_site(servers: Mapping[str, ServerState], first: str, silent: Mapping[str, str]) -> Iterator[Finding]:
    """
    What keeps the servers from having one primary, in the words of the run that would stop at it.

    Args:
        servers: what was read of every Postgres host of the site
        first: the inventory's first primary
        silent: Postgres hosts that were not read, and why
    """
    try:
        parts = topology.decide(servers, first, silent)
    except TopologyError as error:
        yield from (Finding("", problem) for problem in error.problems)
        return
    cluster = parts.servers[parts.primary].cluster if parts.primary in parts.servers else None
    if cluster and not cluster.running:
        yield Finding(
            parts.primary,
            "The primary is stopped, and no server takes writes.",
            "A run of deploys/site.py starts it. Where that cannot be: promote a replica.",
        )


def of_server(view: View, limits: Behind, out: Collection[str] = ()) -> Iterator[Finding]:
    """
    What is wrong with one server.

    Args:
        view: the server
        limits: how far a replica may be behind
        out: hosts that are out for maintenance
    """
    cluster = view.cluster
    if cluster is None:
        yield Finding(view.host, "Postgres has no data here yet.", "A run of deploys/site.py makes or copies it.")
    if cluster is None or cluster.contents is not None:
        return
    unit = f"postgresql@{cluster.version}-main"
    if view.left_alone:
        yield Finding(
            view.host,
            f"It was the primary (timeline {cluster.known_timeline}) and is stopped; another is the primary now.",
            "A run of deploys/rejoin.py makes it a replica again, and keeps what only it has.",
        )
        return
    if cluster.replica and view.state == "stopped":
        yield Finding(
            view.host,
            "The replica's server is stopped.",
            f"Start it: systemctl start {unit}. If it ends again: /var/log/postgresql.",
        )
    elif cluster.replica and view.state == "silent":
        yield Finding(view.host, f"The replica's server runs, but does not answer: {cluster.silence}.")
    elif view.role == "replica" and not view.well:
        said = f" Its log says: {cluster.complaint}" if cluster.complaint else ""
        yield Finding(view.host, f"The replica does not follow its primary ({view.state}).{said}")
    yield from _lag(view, limits)
    if cluster.answer and view.numbers is None:
        yield Finding(view.host, "The server answers, but does not say how it does.", "See /var/log/postgresql.")
    if cluster.answer and view.numbers:
        yield from (Finding(view.host, what, do) for what, do in server.problems(cluster.answer, view.numbers, out))
    if cluster.answer and cluster.answer.pending:
        yield _waiting(view.host, cluster.answer)
    if cluster.answer and cluster.answer.altered:
        yield Finding(
            view.host,
            f"{', '.join(cluster.answer.altered)} was set with ALTER SYSTEM, which wins over group_data.",
            "ALTER SYSTEM RESET gives it back.",
            wrong=False,
        )


def _waiting(host: str, answer: Answer) -> Finding:
    """That a setting waits is no fault, but that no backup can be made until then is one."""
    without = "archive_mode" in answer.pending and not answer.archives
    what = f"{', '.join(answer.pending)}: waits for a restart of the server"
    return Finding(
        host,
        f"{what}, and until then no backup can be made of it." if without else f"{what}.",
        "To have it: deploys/site.py --data restart=true. Writes wait for a few seconds.",
        wrong=without,
    )


def _lag(view: View, limits: Behind) -> Iterator[Finding]:
    if view.numbers and view.numbers.paused:
        yield Finding(
            view.host, "Somebody has stopped the replica from replaying.", "Let it go on: select pg_wal_replay_resume()"
        )
    if is_late(view, limits) and view.behind:
        seconds = "" if view.behind.seconds is None else f" and {words.time(view.behind.seconds)}"
        yield Finding(
            view.host,
            f"The replica is {words.size(view.behind.size)}{seconds} behind its primary.",
            "See its disk and network, and what long queries there hold up (pg_stat_activity).",
        )


def is_late(view: View, limits: Behind) -> bool:
    """Whether a replica is further behind than it may be."""
    if view.behind is None:
        return False
    return view.behind.size > limits.size or (view.behind.seconds or 0) > (limits.seconds or 0)
