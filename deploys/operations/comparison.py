"""A gateway with a new release is asked in turns with one that has the old one: it may not be much slower."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from pyinfra import host, logger
from pyinfra.api.exceptions import OperationError

from deploys.engine import elsewhere
from deploys.engine.elsewhere import ElsewhereError
from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.balancer import Sends
from deploys.operations.script import script

TIMES, FIRST = 25, 5
"""How often each is asked, and how many of its answers do not count: a new process is slower at first."""
SLOWER, SLOWER_BY = 4, 0.003
"""How many times the other's time it may take, and how many seconds on top: small times differ by chance."""
WITHIN = 120
"""Seconds that all of it may take; a gateway that hangs is not asked so often."""
IS_SLOWER = "is slower with it"
MEDIAN = (
    f"""awk -v url="$1" '$1 == 200 {{ if ($3 == url) print $2 }}' | tail -n +{FIRST + 1} | sort -n"""
    " | awk '{ found[NR] = $1 } END { print NR ? found[int((NR + 1) / 2)] : 0 }'"
)


@dataclass(frozen=True)
class Comparison:
    """
    Who is compared with whom.

    + name: of the gateway with the new release
    + url: and what it is asked
    + other: the name of the one with the old release
    + other_url: and what that is asked
    + curl: further arguments of curl, with which both are asked
    """

    name: str
    url: str
    other: str
    other_url: str
    curl: Sequence[str] = ()

    def lines(self) -> list[str]:
        """
        Shell: ask both, one after the other, and compare the times that half of their answers took at most.

        It ends with an error where the new release is much slower, and says so where there is nothing to compare.
        """
        own, other = shlex.quote(self.url), shlex.quote(self.other_url)
        urls = " ".join(f"--output /dev/null {one}" for one in (own, other) * TIMES)
        options = "".join(f" {shlex.quote(one)}" for one in self.curl)
        told = "'%{http_code} %{time_total} %{url_effective}\\n'"
        slower = f"-v own=$own -v other=$other 'BEGIN {{ exit !(own > {SLOWER} * other + {SLOWER_BY}) }}'"
        return [
            f"said=$(curl --silent --max-time 5{options} --write-out {told} {urls} || true)",
            f"median() {{ printf '%s\\n' \"$said\" | {MEDIAN}; }}",
            f"own=$(median {own}) other=$(median {other})",
            'if [ "$own" = 0 ] || [ "$other" = 0 ]; then',
            f"  echo {shlex.quote(self.name)} or {shlex.quote(self.other)} did not answer: they are not compared.",
            f"elif awk {slower}; then",
            f'  echo {shlex.quote(self.name)} "{IS_SLOWER} than" {shlex.quote(self.other)}'
            ' "is with what it had: asked in turns, half of its answers took up to $own s, the other\'s $other s." >&2',
            "  exit 1",
            "fi",
        ]


def compared(comparison: Comparison, asking: str) -> None:
    """
    Have a host compare them; where it cannot be asked to, they are not compared.

    + comparison: who with whom
    + asking: what pyinfra calls the host

    Raises:
        OperationError: where the new release is much slower. It has the figures.
    """
    try:
        elsewhere.done(asking, script(*comparison.lines()), WITHIN)
    except ElsewhereError as error:
        if IS_SLOWER in str(error):
            raise OperationError(str(error)) from error
        logger.warning(f"{comparison.name} is not compared with {comparison.other}: {error}")


@operation
def passed(comparison: Comparison, slot: str, balancer: str) -> Steps:
    """
    Have a gateway compared with the other one of its host, unless it gets the requests already.

    + comparison: the two
    + slot: ``blue`` or ``green``: which of them the new release has
    + balancer: a host of the inventory that knows which of them gets the requests

    **Example:**

    .. code:: python

        comparison.passed(
            name="It answers as fast as the one that serves",
            comparison=Comparison("green", "http://127.0.0.1:8001/health", "blue", "http://127.0.0.1:8000/health"),
            slot="green",
            balancer="lb1",
        )
    """
    current: str | None = yield Reading(Sends, server=balancer)
    if current in (slot, None):
        host.noop("there is nothing to compare it with" if current is None else "it gets the requests")
        return
    yield script(*comparison.lines())
