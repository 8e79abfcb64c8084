"""Silences of Alertmanager: that what somebody does on purpose is not told as an alert."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence

import gevent
from pyinfra.api import StringCommand

from deploys.engine import elsewhere
from deploys.engine.elsewhere import ElsewhereError

WITHIN = 8
"""Seconds that a monitoring host may take, to be connected to as well: a change does not wait for longer."""
PLANNED = 'planned_work="causes_it"'
"""The label of the rules whose alerts planned work on their hosts causes as well (files/monitoring/rules)."""
AMTOOL = "amtool --alertmanager.url=http://127.0.0.1:9093 --timeout=5s silence"
ABSENT = "no Alertmanager"


def added(
    target: str, hosts: Iterable[str], author: str, comment: str, seconds: int, matchers: Sequence[str] = (PLANNED,)
) -> str | None:
    """
    Have a monitoring host tell nobody what planned work on some hosts causes.

    + target: what pyinfra calls the monitoring host
    + hosts: names of the hosts; an empty one for alerts that are of no host
    + author: whose work it is
    + comment: which
    + seconds: after which the silence ends by itself
    + matchers: of which alerts of theirs (default: those that planned work causes as well)

    Returns:
        its id; None where there is no Alertmanager yet

    Raises:
        ElsewhereError: where it is not reached, or its Alertmanager takes no silence.
    """
    matcher = f'instance=~"{"|".join(sorted(hosts))}"'
    arguments = shlex.join([f"--author={author}", f"--comment={comment}", *matchers, matcher])
    lines = [
        f"command -v amtool >/dev/null || {{ echo {shlex.quote(ABSENT)}; exit 0; }}",
        f"{AMTOOL} add {_end(seconds)} {arguments}",
    ]
    (*_, said) = [ABSENT, *_done(target, "\n".join(lines))]
    return None if said == ABSENT else said.strip()


def ends(target: str, silences: Sequence[str], seconds: int) -> None:
    """
    Have silences end at another time.

    + target: what pyinfra calls the monitoring host
    + silences: their ids
    + seconds: from now

    Raises:
        ElsewhereError: where it is not reached, or does not know them.
    """
    _done(target, f"{AMTOOL} update {_end(seconds)} {shlex.join(silences)} >/dev/null")


def ended(target: str, author: str) -> None:
    """
    Have the silences of an author end now.

    + target: what pyinfra calls the monitoring host
    + author: in whose name they are

    Raises:
        ElsewhereError: where it is not reached, or does not end them.
    """
    said = _done(target, f"command -v amtool >/dev/null || exit 0\n{AMTOOL} query --output=json")
    found = json.loads("\n".join(said) or "null") or []
    if ids := [one["id"] for one in found if one.get("createdBy") == author]:
        _done(target, f"{AMTOOL} expire {shlex.join(ids)}")


def _done(target: str, lines: str) -> list[str]:
    late = ElsewhereError(f"{target} does not answer within {WITHIN} s")
    with gevent.Timeout(WITHIN, late):
        return elsewhere.done(target, StringCommand(lines), WITHIN)


def _end(seconds: int) -> str:
    """By the clock of the monitoring host, which need not be this machine's."""
    return f'--end="$(date --utc --date="+{seconds} seconds" +%Y-%m-%dT%H:%M:%SZ)"'
