"""Redis: it answers, has memory left, and writes what it is told to its disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deploys.controller import words
from deploys.controller.redis import software
from deploys.controller.status.section import NOTHING, Cell, Finding, Judged, Section, Survey, Table
from deploys.engine.combined import Wanted
from deploys.facts.redis import Information
from deploys.facts.redis_software import Software
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

MEMORY = 0.9
"""The part of its memory from which on it is nearly full."""
COLUMNS = ("host", "role", "up since", "memory", "connections", "rejected", "last write to the log")
FIELDS = {
    "role": "role",
    "used_memory": "memory",
    "maxmemory": "most_memory",
    "connected_clients": "connections",
    "maxclients": "most_connections",
    "rejected_connections": "rejected_connections",
    "evicted_keys": "evicted_keys",
    "aof_last_write_status": "last_write",
    "rdb_last_bgsave_status": "last_snapshot",
    "master_link_status": "primary_link",
}
"""What is passed on to programs, by Redis' own name."""


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    if "redis" not in host.groups:
        return []
    return [Wanted(Information, {"port": site.shared.redis_port, "software": software.of(site.shared)})]


def judged(survey: Survey) -> Judged:
    values, rows, chosen = {}, [], software.of(survey.site.shared)
    findings: list[Finding] = []
    for name, (said,) in survey.readings["redis"].items():
        values[name] = {"answers": bool(said)} | {
            ours: int(said[theirs]) if said[theirs].isdecimal() else said[theirs]
            for theirs, ours in FIELDS.items()
            if theirs in said
        }
        findings += findings_of(name, said, chosen)
        rows.append(_row(survey, name, said))
    return Judged(values, findings, tables=[Table("Redis", COLUMNS, tuple(rows))])


def findings_of(host: str, said: Mapping[str, str], chosen: Software) -> Iterator[Finding]:
    """
    What is wrong with a server.

    Args:
        host: its host
        said: the fields of its INFO; none where it does not answer
        chosen: which server it is
    """
    log = f"journalctl -u {chosen.server}"
    if not said:
        yield Finding(host, "Redis does not answer.", f"See why: systemctl status {chosen.server}; {log}")
        return
    if _full(said):
        used, most = (words.size(int(said[name])) for name in ("used_memory", "maxmemory"))
        yield Finding(
            host,
            f"Redis uses {used} of {most} and may refuse writes (maxmemory-policy {said['maxmemory_policy']}).",
            "Give it more (redis_memory), or see what fills it (docs/operations/memory.md)",
        )
    if not _written(said):
        yield Finding(
            host,
            "Redis could not write to its disk.",
            f"See {log} and the disk; it takes no writes until it can.",
        )
    if said.get("master_link_status", "up") != "up":
        yield Finding(host, "Redis has lost its primary.", f"See {log}")
    if int(said.get("rejected_connections", 0)):
        yield Finding(
            host,
            f"Redis has rejected {said['rejected_connections']} connections since it started"
            f" (maxclients {said.get('maxclients')}).",
            wrong=False,
        )


def _full(said: Mapping[str, str]) -> bool:
    """Whether there is little memory left; where all keys may be evicted, it is always full."""
    most = int(said.get("maxmemory", 0))
    evicts = said.get("maxmemory_policy", "").startswith("allkeys")
    return bool(most) and not evicts and int(said["used_memory"]) >= MEMORY * most


def _written(said: Mapping[str, str]) -> bool:
    return all(said.get(name, "ok") == "ok" for name in ("aof_last_write_status", "rdb_last_bgsave_status"))


def _row(survey: Survey, host: str, said: Mapping[str, str]) -> tuple[Cell, ...]:
    if not said:
        return (Cell(host), Cell("silent", wrong=True), *[NOTHING] * (len(COLUMNS) - 2))
    most = int(said.get("maxmemory", 0))
    return (
        Cell(host),
        Cell("primary" if said["role"] == "master" else "replica"),
        Cell(words.moment(survey.read_at - int(said.get("uptime_in_seconds", 0)))),
        Cell(f"{words.size(int(said['used_memory']))} of {words.size(most) if most else 'all'}", _full(said)),
        Cell(f"{said.get('connected_clients')} of {said.get('maxclients')}"),
        Cell(said.get("rejected_connections", "0")),
        Cell("ok" if _written(said) else "failed", not _written(said)),
    )


SECTION = Section("redis", wanted, judged)
