"""A site with one Redis loses its machine: requests go on, and a token that was known to be revoked stays out."""

from __future__ import annotations

import json
import secrets
import time

import pytest

from tests import lab, ledger
from tests.client import client
from tests.inventory import group
from tests.ledger import Ledger
from tests.scenarios import postgres, redis
from tests.tokens import token

pytestmark = pytest.mark.long

RATE = 50
(REDIS,) = (host.name for host in group("redis", lab.INVENTORY))
GATEWAYS = [host.name for host in group("gateways", lab.INVENTORY)]
AWAY = 20
"""Seconds for which the machine has no power, beside its boot."""


def shared() -> bool:
    """Whether all gateways reach Redis."""
    ask = "curl --silent http://127.0.0.1:{}/health/detailed"
    port = group("gateways", lab.INVENTORY)[0].data["gateway_port"]
    return all(json.loads(lab.ssh(name, ask.format(port)))["rate_limit"] == "shared" for name in GATEWAYS)


def answered(shown: str) -> int:
    """The status that a gateway answers a token with."""
    with client() as user:
        return user.get("/api/samples/ledger", headers={"Authorization": f"Bearer {shown}"}).status_code


def test_requests_go_on_and_what_is_revoked_stays_revoked() -> None:
    ledger.serve(postgres.found().primary)
    lab.eventually(ledger.answers, within=120, every=1)
    number = f"number-{secrets.token_hex(12)}"
    gone = token(sub="technician-1", roles=["technician"], jti=number)
    assert redis.ask(REDIS, f"SET tracseq:revoked:{number} 1 EX 600").strip() == "OK"
    # Each gateway has its own last answer.
    assert {answered(gone) for _ in range(30)} == {401}
    judge = Ledger()
    with judge.writing(RATE):
        judge.more(RATE)
        lab.pull_the_plug(REDIS)
        away = time.monotonic()
        said = set()
        while time.monotonic() < away + AWAY:
            said.add(answered(gone))
            time.sleep(0.2)
        lab.up(REDIS)
        judge.more(RATE)
        lab.eventually(shared, within=60)
        away = time.monotonic() - away
        judge.more(RATE)
    print(
        f"\nRedis was away for {away:.1f} s: {len(judge.acknowledged)} writes, {len(judge.failed)} attempts failed, "
        f"the longest waited {judge.longest:.2f} s; the revoked token was answered {said}"
    )
    assert judge.failed == []
    assert judge.lost(postgres.found().primary) == set()
    assert said == {401}
    assert redis.ask(REDIS, f"EXISTS tracseq:revoked:{number}").strip() == "1", "what it had acknowledged is in its log"
    ledger.gone()
    assert lab.site().changes == {}
