"""Each release and rollback of the gateways is told to a webhook once: who, what, from which, and how it ended."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploys.controller.releases.webhooks import PLAIN
from tests import lab
from tests.copy import Copy
from tests.scenarios.test_broken_release import BROKEN, GATEWAYS, HEALTH_TIMEOUT, PACKAGE
from tests.scenarios.test_release import ROLLBACK

pytestmark = pytest.mark.long
SECRET = "a-path-that-nobody-may-know"


@pytest.fixture(scope="module")
def heard() -> Iterator[tuple[str, list[Any]]]:
    """An address on this machine, and all that is posted to it."""
    posted: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{SECRET}", posted
    server.shutdown()


def copied(directory: Path, address: str, file: str, old: str, new: str) -> Path:
    """A copy of the repository that has another gateway, and tells of its releases."""
    copy = Copy(directory, "lab")
    copy.secrets.write_text(f"{Path('.env.lab').read_text()}{PLAIN}={address}\n")
    path = copy.own("gateway") / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return copy.directory


@pytest.fixture
def site_again() -> Iterator[None]:
    yield
    assert lab.site().code == 0


def test_a_release_its_rollback_and_one_that_is_not_well(
    heard: tuple[str, list[Any]], site_again: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    address, posted = heard
    newer = copied(tmp_path_factory.mktemp("newer"), address, "README.md", "#", "# Told:")
    run = lab.site("-vvv", "--diff", directory=newer)
    assert run.code == 0, run.output
    (told,) = posted
    assert (told["what"], told["outcome"], list(told["gateways"])) == ("release", "done", GATEWAYS)
    assert told["release"] != told["before"]
    assert f"{', '.join(GATEWAYS)} have it." in told["text"]
    assert SECRET not in run.output
    assert lab.site(directory=newer).changes == {}
    assert len(posted) == 1, "a run that changes no release tells nobody"

    back = lab.pyinfra("-y", lab.INVENTORY, ROLLBACK, directory=newer)
    assert back.code == 0, back.output
    assert [posted[1][key] for key in ("what", "outcome", "release", "before")] == [
        "rollback", "done", told["before"], told["release"],
    ]  # fmt: skip

    name, old, new = BROKEN["answers 500"]
    broken = copied(tmp_path_factory.mktemp("broken"), address, f"{PACKAGE}/{name}", old, new)
    run = lab.site(*HEALTH_TIMEOUT, directory=broken)
    assert run.code != 0
    (*_, told) = posted
    assert len(posted) == 3
    assert (told["what"], told["outcome"]) == ("release", "failed")
    assert told["failed_at"] in GATEWAYS
    assert f"{told['failed_at']} went back, because" in told["text"]
    print("\n" + "\n".join(one["text"] for one in posted))


def test_an_address_that_nobody_answers_fails_no_release(
    site_again: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    address = f"http://127.0.0.1:9/{SECRET}"
    newer = copied(tmp_path_factory.mktemp("untold"), address, "README.md", "#", "# Untold:")
    run = lab.site(directory=newer)
    assert run.code == 0, run.output
    assert f"The release was not told to address 1 of {PLAIN} (in .env): it is not reached" in run.output
    assert SECRET not in run.output
