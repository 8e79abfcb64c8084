"""A release that is tried with a small share of the requests: a worse one goes no further than its first gateway."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.facts.gateway import DIRECTORY
from tests import lab, ledger
from tests.inventory import group
from tests.ledger import Ledger
from tests.scenarios import postgres, releases

pytestmark = pytest.mark.long

GATEWAYS = [host.name for host in group("gateways", lab.INVENTORY)]
SECONDS, SHARE = 30, 10
TRIED = (
    *("--data", "gateway_all_or_nothing=true"),
    *("--data", f"gateway_canary_seconds={SECONDS}"),
    *("--data", f"canary_share={SHARE}"),
)
RATE = 200
PACKAGE = "src/tracseq_gateway/proxy"
PASSES = "        service = self._service(record)\n        if service is None or record.target is None:"
FAILS = '        if record.request_id[0] % 3 == 0:\n            raise Problem(500, "It was built in haste.", "haste")\n'
ATTEMPT = "        self._attempts += 1\n        self._was_reused"
WORSE = {
    "fails a third of its requests": ([(f"{PACKAGE}/chain.py", PASSES, FAILS + PASSES)], "does worse with it than"),
    "is slow": (
        [
            (f"{PACKAGE}/exchange.py", " and self._send_at_once():", " and self._admission:"),
            (f"{PACKAGE}/exchange.py", ATTEMPT, f"        await asyncio.sleep(0.3)\n{ATTEMPT}"),
        ],
        "is slower with it than",
    ),
}
"""By what it does: what is different in it, and what the run says of that."""


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[None]:
    ledger.serve(postgres.found().primary)
    lab.eventually(ledger.answers, within=120, every=1)
    run = lab.site(*TRIED)
    assert run.code == 0, run.output
    yield
    ledger.gone()
    assert lab.site().code == 0
    assert lab.site().changes == {}


def current() -> dict[str, str]:
    return {name: lab.ssh(name, f"readlink {DIRECTORY}/current") for name in GATEWAYS}


def test_a_good_one_is_tried_by_a_share_and_then_goes_everywhere(tmp_path: Path) -> None:
    newer = releases.another(tmp_path, *TRIED)
    judge, before = Ledger(), current()
    with judge.writing(RATE):
        judge.more(RATE)
        run = lab.site(*TRIED, directory=newer)
        judge.more(RATE)
    assert run.code == 0, run.output
    assert f"had it for {SECONDS} s: of its" in run.output
    tried, others = map(int, re.findall(r"of its (\d+) requests .* of the others' (\d+) ", run.output)[0])
    share = tried / (tried + others)
    print(f"\n{share:.1%} of the requests were its own; {len(judge.acknowledged)} writes, {len(judge.failed)} failed")
    assert judge.failed == []
    assert judge.lost(postgres.found().primary) == set()
    assert SHARE / 200 < share < SHARE / 50
    after = current()
    assert len(set(after.values())) == 1
    assert set(after.values()).isdisjoint(before.values())


@pytest.mark.parametrize("what", WORSE)
def test_a_worse_one_goes_no_further(what: str, tmp_path: Path) -> None:
    changes, said = WORSE[what]
    worse = releases.another(tmp_path, *TRIED, changes=changes)
    judge, before = Ledger(), current()
    with judge.writing(RATE):
        judge.more(RATE)
        run = lab.site(*TRIED, directory=worse)
        judge.more(RATE)
    print(f"\n{what}: {len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed")
    assert run.code != 0, run.output
    assert said in run.output, run.output
    assert current() == before
    assert judge.lost(postgres.found().primary) == set()
    # What the tried one answered badly is all that anybody saw of it: a tenth of the requests, until it was found.
    assert len(judge.failed) < RATE
    assert lab.site(*TRIED).code == 0
