"""Redis servers that fail over: there is one master, two replicas follow it, and the Sentinels agree on that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from deploys.controller.redis import servers, software
from deploys.controller.status import maintenance
from deploys.controller.status.section import NOTHING, Cell, Finding, Judged, Section, Survey, Table
from deploys.engine.combined import Wanted
from deploys.facts.redis_member import ENOUGH, Member, MemberState
from deploys.facts.redis_software import Software
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

COLUMNS = ("host", "part", "Sentinel names", "replicas it knows", "other Sentinels it knows")


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(Member, {**servers.asked(site)})] if "sentinels" in host.groups else []


def judged(survey: Survey) -> Judged:
    states: dict[str, MemberState] = {name: state for name, (state,) in survey.readings["sentinel"].items()}
    if not states:
        return Judged()
    members, chosen = survey.site.group("sentinels"), software.of(survey.site.shared)
    names = {member.address: member.name for member in members}
    present = len({member.name for member in members} - maintenance.away(survey).keys())
    # Sentinels go on to know of those that are out.
    others = range(present - 1, len(members))
    findings = [*_of_all(states, len(members), chosen), *_of_each(states, others, chosen)]
    values = {
        name: {
            "part": _part(state),
            "names": names.get(state.named or "", state.named),
            "replicas": state.replicas if state.master else None,
            "needs_replicas": state.needs,
            "known_replicas": state.sentinel.get("num-slaves"),
            "known_sentinels": state.sentinel.get("num-other-sentinels"),
        }
        for name, state in states.items()
    }
    rows = tuple(_row(name, state, names, others) for name, state in states.items())
    return Judged(values, findings, tables=[Table("Redis Sentinel", COLUMNS, rows)])


def _of_all(states: Mapping[str, MemberState], members: int, chosen: Software) -> Iterator[Finding]:
    """What is wrong with all of them together."""
    named = Counter(state.named for state in states.values() if state.named)
    most = max(named.values(), default=0)
    if most * 2 <= members:
        yield Finding(
            "",
            "No majority of Sentinels names a master of Redis: nobody replaces one that is gone.",
            f"Start those that are silent (systemctl start {chosen.sentinel}): docs/operations/redis.md",
        )
    masters = [name for name, state in states.items() if state.master]
    if not masters:
        yield Finding(
            "",
            "No Redis server is the master, and none takes writes.",
            "Sentinels promote a replica within seconds where two of them and a replica are there: "
            "docs/operations/redis.md",
        )
    if len(masters) > 1:
        yield Finding(
            "",
            f"{' and '.join(masters)} both say that they are the master of Redis.",
            "The Sentinels make all but one a replica within 20 s; where they do not: docs/operations/redis.md",
        )


def _of_each(states: Mapping[str, MemberState], others: range, chosen: Software) -> Iterator[Finding]:
    """What is wrong with one of them."""
    for name, state in states.items():
        if not state.sentinel:
            yield Finding(name, "Its Sentinel does not answer.", f"See why: journalctl -u {chosen.sentinel} -n 50")
        elif not _among(state.sentinel.get("num-other-sentinels"), others):
            yield Finding(
                name,
                f"Its Sentinel knows {state.sentinel.get('num-other-sentinels')} others, and not {others[0]}.",
                "One that is missing: see its host. One that left the site: deploys/site.py has it forgotten.",
            )
        if state.needs not in (None, ENOUGH):
            yield Finding(
                name,
                f"As a master its Redis would take no write unless it hears {state.needs} replicas: a handover died.",
                "deploys/site.py sets that back.",
            )
        if state.master and state.replicas < others[0]:
            yield Finding(
                name,
                f"{state.replicas} of {others[0]} replicas follow this master; without any it takes no writes.",
                f"See the host of the other: journalctl -u {chosen.server} -n 50",
            )


def _among(text: str | None, numbers: range) -> bool:
    return text is not None and text.isdecimal() and int(text) in numbers


def _part(state: MemberState) -> str:
    if not state.runs:
        return "silent"
    return "master" if state.master else "replica"


def _row(name: str, state: MemberState, names: Mapping[str, str], others: range) -> tuple[Cell, ...]:
    part = Cell(_part(state), not state.runs)
    if not state.sentinel:
        return (Cell(name), part, Cell("silent", wrong=True), NOTHING, NOTHING)
    known = [state.sentinel.get(field, "-") for field in ("num-slaves", "num-other-sentinels")]
    return (
        Cell(name),
        part,
        Cell(names.get(state.named or "", state.named or "-")),
        *(Cell(one, not _among(one, others)) for one in known),
    )


SECTION = Section("sentinel", wanted, judged)
