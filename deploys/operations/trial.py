"""The first host that runs with a change is judged beside those that do not, before they get it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyinfra import logger
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import OperationError

from deploys.engine import elsewhere
from deploys.engine.elsewhere import ElsewhereError
from deploys.operations.canary import Canary, tried
from deploys.operations.comparison import Comparison, compared
from deploys.operations.drain import Drain, little, taken_back


@dataclass(frozen=True)
class Peer:
    """
    A host of a trial.

    + target: what pyinfra calls it
    + name: its own
    + url: what it is asked by the host that compares
    """

    target: str
    name: str
    url: str


@dataclass(frozen=True)
class Trial:
    """
    How a first host is judged.

    + own: the host that changes
    + others: those beside it, the one first with which it is compared
    + link: path of the link on each of them that leads to what it runs
    + release: the name of what it leads to with the change
    + asking: what pyinfra calls the host that asks two of them in turns; it sends requests to both
    + metrics: URL on each of them of its metrics
    + seconds: how long the first has a small share of the requests; 0: none is tried so
    + curl: with which arguments it asks them
    """

    own: Peer
    others: Sequence[Peer]
    link: str
    release: str
    asking: str
    metrics: str
    seconds: int
    curl: Sequence[str] = ()

    def of_an_interrupted_run(self) -> Trial | None:
        """
        The trial of a host that a run has left with the release when it died; None where there is none.

        It is judged instead of the one that is about to change, which still has what it had: afterwards two would
        be compared that both have the release.
        """
        if self._runs(self.own):
            # Another change than that of the release: nothing tells who has it.
            return None
        having = [peer for peer in self.others if self._runs(peer)]
        if not having:
            return None
        first = having[0]
        return replace(self, own=first, others=[self.own, *(peer for peer in self.others if peer not in having)])

    def _runs(self, peer: Peer) -> bool:
        try:
            said = elsewhere.done(peer.target, StringCommand(f"readlink {shlex.quote(self.link)} || true"))
        except ElsewhereError as error:
            logger.warning(f"{peer.target} does not say what it runs: {error}")
            return False
        return bool(said) and said[0].strip().rpartition("/")[2] == self.release


def judged(trial: Trial, drain: Drain) -> None:
    """
    Have the first host judged, which is left out and has changed.

    + trial: how
    + drain: how it is left out

    Raises:
        OperationError: where it does worse than the others.
    """
    other = trial.others[0]
    compared(Comparison(trial.own.name, trial.own.url, other.name, other.url, trial.curl), trial.asking)
    if trial.seconds:
        little(drain)
        tried(Canary(trial.own.target, [peer.target for peer in trial.others], trial.metrics, trial.seconds))


def finished(left: Trial, drain: Drain) -> None:
    """
    Have a host judged that a run has left with the release when it died, and that gets requests.

    + left: how
    + drain: how the host is left out that changes now

    Raises:
        OperationError: where it does worse than the others.
    """
    logger.warning(f"{left.own.name} has the release already, and was not tried by this run: it is now.")
    its = replace(drain, target=left.own.target, name=left.own.name)
    try:
        judged(left, its)
    except OperationError as error:
        raise OperationError(
            f"{error} It had that release before this host: where it still has it, deploys/rollback.py takes it back."
        ) from error
    finally:
        taken_back(its)
