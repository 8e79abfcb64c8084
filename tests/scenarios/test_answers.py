"""Answers that load balancers keep: for everybody, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests import lab, ledger
from tests.client import client
from tests.inventory import group
from tests.scenarios import postgres, releases
from tests.scenarios.releases import authorization

pytestmark = pytest.mark.long

ROUTE = "/api/samples/kept/*"
(BALANCER, *_) = [host.name for host in group("load_balancers", lab.INVENTORY)]
ENVIRONMENT = {**group("gateways", lab.INVENTORY)[0].data["gateway_environment"], "PUBLIC_ROUTES": ROUTE}
KEPT = (
    *("--data", f"kept_routes={json.dumps([ROUTE])}"),
    *("--data", f"gateway_environment={json.dumps(ENVIRONMENT)}"),
)
OF_ONE_REQUEST = ("ratelimit-limit", "ratelimit-remaining")


@pytest.fixture(scope="module", autouse=True)
def site() -> Iterator[None]:
    ledger.serve(postgres.found().primary)
    lab.eventually(ledger.answers, within=120, every=1)
    run = lab.site(*KEPT)
    assert run.code == 0, run.output
    assert lab.site(*KEPT).changes == {}
    yield
    ledger.gone()
    assert lab.site().code == 0
    assert lab.site().changes == {}


@pytest.fixture
def user() -> Iterator[httpx.Client]:
    with client(lab.INVENTORY) as one:
        yield one


def asked(user: httpx.Client, name: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> str:
    answer = user.request(method, f"/api/samples/kept/{name}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_an_answer_is_kept_and_is_as_fresh_as_any(user: httpx.Client) -> None:
    first, second = (user.get("/api/samples/kept/open-1") for _ in range(2))
    assert first.text == second.text
    assert (first.headers["cache-status"].split("; ")[1], second.headers["cache-status"].split("; ")[1]) == (
        "fwd=uri-miss", "hit",
    )  # fmt: skip
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    for answer in (first, second):
        assert not set(OF_ONE_REQUEST) & answer.headers.keys()
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert len(answer.headers.get_list("x-request-id")) == 1
    assert "cache-status" not in user.get("/health").headers


@pytest.mark.parametrize("name", ["private", "never", "cookie", "silent", "accelerated"])
def test_what_must_not_be_kept_is_not(user: httpx.Client, name: str) -> None:
    assert len({asked(user, name) for _ in range(4)}) == 4


@pytest.mark.parametrize("own", [authorization(), {"Cookie": "user=7"}])
def test_what_one_user_asks_is_neither_kept_nor_answered_by_what_is(user: httpx.Client, own: dict[str, str]) -> None:
    name = f"open-{next(iter(own))}"
    of_one = asked(user, name, own)
    of_all = asked(user, name)
    assert of_all != of_one
    assert asked(user, name, own) not in (of_one, of_all)
    assert asked(user, name) == of_all


def test_no_other_request_has_the_key_of_one(user: httpx.Client) -> None:
    planted = asked(user, "open-6?q=geneshttps://app.example.org")
    assert asked(user, "open-6?q=genes", {"Origin": "https://app.example.org"}) != planted
    assert asked(user, "open-6?q=genes ", {"Origin": "https://app.example.org"}) != planted


def test_a_token_that_is_said_twice_is_refused(user: httpx.Client) -> None:
    """What nginx could take for no token, and the gateway for one."""
    headers = [("Authorization", ""), ("Authorization", authorization()["Authorization"])]
    assert user.get("/api/samples/kept/open-7", headers=headers).status_code == 400


def test_answers_differ_by_all_that_they_may_differ_by(user: httpx.Client) -> None:
    kept = {
        asked(user, "open-2"),
        asked(user, "open-2?page=2"),
        asked(user, "open-2", {"Origin": "https://a.example.org"}),
        asked(user, "language-1", {"Accept-Language": "de"}),
        asked(user, "language-1", {"Accept-Language": "en"}),
        asked(user, "open-2", {"Host": "other.example.org"}),
    }
    assert len(kept) == 6
    assert asked(user, "language-1", {"Accept-Language": "de"}) in kept
    assert asked(user, "open-2", method="POST") not in kept


def test_a_release_makes_them_old_without_a_reload(user: httpx.Client, tmp_path: Path) -> None:
    newer = releases.another(tmp_path, *KEPT)
    before = asked(user, "open-3")
    workers = lab.ssh(BALANCER, "pgrep --full 'nginx: worker process'")
    run = lab.site(*KEPT, directory=newer)
    assert run.code == 0, run.output
    assert asked(user, "open-3") != before
    assert lab.ssh(BALANCER, "pgrep --full 'nginx: worker process'") == workers
    assert lab.site(*KEPT, directory=newer).changes == {}
    again = asked(user, "open-3")
    back = lab.pyinfra("-y", *KEPT, lab.INVENTORY, "deploys/rollback.py", directory=newer)
    assert back.code == 0, back.output
    assert asked(user, "open-3") != again


def test_what_is_kept_is_there_while_the_service_is_away(user: httpx.Client) -> None:
    kept = asked(user, "open-4")
    lab.ssh(ledger.SERVICE, "systemctl stop ledger")
    assert asked(user, "open-4") == kept
    assert user.get("/api/samples/kept/open-5").status_code in (502, 503)
    assert asked(user, "open-4") == kept
