"""A release is told to webhooks, with its outcome; one that is not there is a sentence without its address."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from deploys.controller.releases import webhooks
from deploys.controller.releases.telling import Host, outcome
from deploys.controller.releases.webhooks import PLAIN, SLACK, TEAMS
from deploys.facts.release import Record, ReleaseState
from deploys.facts.release_history import Switch
from tests.unit.status.pretended import SITE

OLD, NEW, BY = "2.0.0-old0000000", "2.0.0-new0000000", "lab/anna@controller-1"
RECORDS = {NEW: Record("source", "0a1b2c3d4e5f", {})}
TO_NEW, TO_OLD = Switch(1, NEW, OLD, "0a1b2c3d4e5f", BY, False), Switch(2, OLD, NEW, "", BY, True)


def host(current: str, *switches: Switch, wanted: str = NEW) -> Host:
    return Host(wanted, ReleaseState((OLD, NEW), (), current, records=RECORDS), switches)


def told(found: dict[str, Host], back: bool = False, failure: tuple[str, str] | None = None) -> str:
    said = outcome("production", BY, found, back, failure)
    assert said
    json.dumps(said[1])
    return said[0].removeprefix("production: ")


def test_a_run_that_changes_no_release_is_not_told() -> None:
    assert outcome("production", BY, {"gw1": host(NEW), "gw2": host(NEW)}, False, None) is None
    # Its configuration was not well: it has the release that it is to have.
    assert outcome("production", BY, {"gw1": host(NEW), "gw2": host(NEW)}, False, ("gw2", "")) is None


def test_what_is_told() -> None:
    new, by = f"{NEW} (commit 0a1b2c3d4e5f)", f"by {BY}"
    assert told({"gw1": host(NEW, TO_NEW), "gw2": host(NEW, TO_NEW)}) == (
        f"release of the gateways to {new} from {OLD}, {by}: gw1, gw2 have it."
    )
    assert told({"gw1": host(OLD), "gw2": host(OLD)}, failure=("@ssh/gw1", "")) == (
        f"release of the gateways to {new} from {OLD}, {by}: gw1 went back, because gw1 was not well with it; the "
        "run's output says why."
    )
    assert told({"gw1": host(OLD, TO_NEW, TO_OLD), "gw2": host(OLD)}, failure=("gw2", "gw2 does worse.")) == (
        f"release of the gateways to {new} from {OLD}, {by}: gw1, gw2 went back, because gw2 does worse."
    )
    rolled = {"gw1": host(OLD, replace(TO_OLD, commit="1b2c"), wanted=OLD)}
    assert told(rolled, back=True) == f"rollback of the gateways to {OLD} (commit 1b2c) from {NEW}, {by}: gw1 has it."


@pytest.fixture
def server() -> Iterator[tuple[str, list[Any]]]:
    """An address that takes what is posted to it, and refuses what is posted to /closed."""
    taken: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
            self.send_response(403 if self.path.startswith("/closed") else 204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}", taken
    listening.shutdown()


def test_each_address_is_told_in_its_own_way_and_no_log_has_it(
    server: tuple[str, list[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    base, taken = server
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
        secrets = {
            PLAIN: f"{base}/plain-KEY {nobody}/nobody-KEY no-address-KEY {base}/closed-KEY",
            SLACK: f"{base}/slack-KEY",
            TEAMS: f"{base}/teams-KEY",
        }
        site = replace(SITE, secrets={name: SecretStr(value) for name, value in secrets.items()})
        assert webhooks.named(site)
        with caplog.at_level(logging.DEBUG):
            logging.getLogger("pyinfra").addHandler(caplog.handler)
            webhooks.tell(site, "gw1 has it.", {"release": NEW})
            logging.getLogger("pyinfra").removeHandler(caplog.handler)
    assert dict(taken)["/plain-KEY"] == {"text": "gw1 has it.", "release": NEW}
    assert dict(taken)["/slack-KEY"] == {"text": "gw1 has it."}
    (attachment,) = dict(taken)["/teams-KEY"]["attachments"]
    assert attachment["content"]["body"][0]["text"] == "gw1 has it."
    assert len(taken) == 4
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert f"address 2 of {PLAIN} (in .env): it is not reached from this machine (ConnectError)" in said
    assert f"address 3 of {PLAIN} (in .env): it is not reached" in said
    assert f"address 4 of {PLAIN} (in .env): it answers with HTTP 403" in said
    assert "KEY" not in said


def test_a_site_that_names_none_tells_nobody() -> None:
    assert not webhooks.named(SITE)
