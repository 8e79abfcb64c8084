"""Which release the gateways go back to: what they keep, and what was done to them last, decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyinfra.api.exceptions import PyinfraError

from deploys.controller import words
from deploys.facts.release import ReleaseState
from deploys.facts.release_history import Switch


class RollbackError(PyinfraError):
    """The gateways cannot go back; its text says why, and what to do."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem} No host was changed.")


@dataclass(frozen=True)
class Gateway:
    """The releases of a gateway's host, and how they changed."""

    releases: ReleaseState
    history: tuple[Switch, ...]

    def source(self, release: str) -> str:
        """What a release is made of: of two with the same source each is for another Python."""
        record = self.releases.records.get(release)
        return record.source if record else release

    @property
    def unnoted(self) -> bool:
        """Whether it has another release than it noted last: its host lost its power before it could."""
        return bool(self.history) and self.history[-1].release != self.releases.current

    def of(self, source: str) -> str | None:
        """The release of a source that is installed here, whole."""
        return next((name for name in reversed(self.releases.complete) if self.source(name) == source), None)

    def about(self, release: str | None) -> str:
        """A release, as people tell it from others."""
        record = self.releases.records.get(release or "")
        return f"{release or 'none'} (commit {record.commit})" if record and record.commit else release or "none"


def wanted(gateways: Mapping[str, Gateway], named: str | None) -> Mapping[str, str]:
    """
    The release that each host is to have, by the host's name.

    Without a name it is the one from before the last change of any host: so gateways that a failed
    run has left at different releases all go to the older. Where the last change was a rollback, noted or not,
    it is that one's: it is finished where it was interrupted, and goes no further.

    Args:
        gateways: as they were found
        named: a release or the commit that it was installed from; None: the one before

    Raises:
        RollbackError: where there is none, several, or a host does not have it.
    """
    source = _named(gateways, named) if named else _before(gateways)
    found = {name: gateway.of(source) for name, gateway in gateways.items()}
    missing = [name for name, release in found.items() if release is None]
    if missing:
        having = [name for name in found if name not in missing]
        of_others = [gateways[name].about(found[name]) for name in having]
        raise RollbackError(
            f"{', '.join(missing)} {'does' if len(missing) == 1 else 'do'} not have "
            f"{of_others[0] if of_others else source}, or not any more (gateway_releases_kept, in "
            f"group_data/gateways.py, says how many are kept). Without them: --limit {','.join(having)}. "
            f"{_kept(gateways)}"
        )
    return {name: release for name, release in found.items() if release is not None}


def _before(gateways: Mapping[str, Gateway]) -> str:
    """The source from before the last change of any of them, or that of the last rollback."""
    unnoted = [gateway for gateway in gateways.values() if gateway.unnoted]
    changes = [switch for gateway in gateways.values() for switch in gateway.history if switch.before]
    if unnoted:
        now, last = unnoted[0].releases.current, unnoted[0].history[-1]
        release = last.before if now == last.before else last.release
    elif changes:
        last = max(changes, key=lambda change: change.at)
        release = last.release if last.back else last.before
    else:
        raise RollbackError(f"No gateway has had another release before the one that it has. {_kept(gateways)}")
    # Of a release that one host has removed another may know what it was made of.
    known = (gateway.source(release) for gateway in gateways.values() if release in gateway.releases.records)
    return next(known, release)


def _named(gateways: Mapping[str, Gateway], named: str) -> str:
    """The source of a release that somebody named."""
    found = {
        gateway.source(release)
        for gateway in gateways.values()
        for release in gateway.releases.complete
        if release == named or ((record := gateway.releases.records.get(release)) and _same(record.commit, named))
    }
    if len(found) != 1:
        why = "No gateway keeps a release" if not found else "The gateways keep more than one release"
        raise RollbackError(f"{why} of that name, or from that commit: {named}. {_kept(gateways)}")
    return found.pop()


def _same(commit: str, named: str) -> bool:
    """Whether a name of a commit is that of a release's, as long or as short as it may be."""
    commit = commit.removesuffix("+")
    return bool(commit) and (commit.startswith(named) or named.startswith(commit))


def _kept(gateways: Mapping[str, Gateway]) -> str:
    """What could be named."""
    kept = "; ".join(
        f"{name}: {', '.join(gateway.about(release) for release in reversed(gateway.releases.complete)) or 'none'}"
        for name, gateway in gateways.items()
    )
    return f"What they keep, the latest first (name one with --data release=…): {kept}."


def sentences(gateways: Mapping[str, Gateway], releases: Mapping[str, str]) -> list[str]:
    """
    What will be done, as it is said before.

    Args:
        gateways: as they were found
        releases: what each host is to have
    """
    said = []
    for name, release in releases.items():
        gateway = gateways[name]
        now, since = gateway.releases.current, gateway.history[-1] if gateway.history else None
        if now == release:
            said.append(f"{name} has {gateway.about(release)} already.")
            continue
        when = f", which it has since {words.moment(since.at)}," if since and since.release == now else ""
        said.append(f"{name} goes from {gateway.about(now)}{when} back to {gateway.about(release)}.")
    return said
