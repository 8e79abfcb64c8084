"""A release that is not well: the site stays on the one before, its last lines are shown, the next good one works."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests import lab
from tests.inventory import PYINFRA
from tests.scenarios import strangers
from tests.scenarios.strangers import BOOKWORM, INVENTORY, TRIXIE, asked, ssh

pytestmark = pytest.mark.long

PORTS = (8081, 8082)


def catalogue(source: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """One service, of two instances on each of two hosts."""
    entry = {"source": source or strangers.program("1"), "hosts": [BOOKWORM, TRIXIE], "port": PORTS[0], "instances": 2}
    return {"sample": {**entry, "health_timeout": 8, **more}}


@pytest.fixture(scope="module", autouse=True)
def site_with_a_service(site_as_it_should_be: None) -> Iterator[None]:
    with strangers.running(catalogue):
        yield


def versions() -> set[str]:
    """The versions that answer, of all instances."""
    return {asked(host, port)["version"] for host in (BOOKWORM, TRIXIE) for port in PORTS}


def good(version: str) -> None:
    """A good release comes everywhere, and then there is nothing to do."""
    run = strangers.deployed(catalogue(strangers.program(version)))
    assert run.code == 0, run.output
    assert versions() == {version}


@pytest.mark.parametrize(
    ("number", "status", "starts", "said"),
    [
        (2, 200, False, "no licence for this laboratory"),
        (3, 500, True, "answers 500, 8 s after the change"),
    ],
)
def test_one_that_is_not_well_is_put_back(number: int, status: int, starts: bool, said: str) -> None:
    before = versions()
    run = strangers.deployed(catalogue(strangers.program(str(number), status, starts)))
    assert run.code != 0
    assert said in run.output
    assert "What was there before is in force again." in run.output
    assert versions() == before, "no other instance was touched"
    good(f"{number}-mended")


def test_another_file_than_the_one_that_was_meant_touches_no_host() -> None:
    before = versions()
    source = strangers.program("4") | {"sha256": "0" * 64}
    run = strangers.deployed(catalogue(source))
    assert run.code != 0
    assert "it is another file than the one that was meant" in run.output
    assert "no host was touched" in run.output
    assert versions() == before
    good("4")


def test_a_run_that_is_killed_half_way_is_finished_by_the_next() -> None:
    before = versions()
    for seconds in (6, 9, 12):
        strangers.given(catalogue(strangers.program(f"5-{seconds}")))
        run = subprocess.Popen(
            [PYINFRA, "-y", INVENTORY, lab.SITE],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            run.wait(seconds)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
        lab.eventually(lambda before=before, seconds=seconds: versions() <= before | {f"5-{seconds}"})
        before = versions()
    good("5")
    assert strangers.deployed().changes == {}


def test_a_release_that_is_half_there_is_made_anew() -> None:
    release = ssh(BOOKWORM, "readlink /opt/tracseq/services/sample/8081").strip().rpartition("/")[2]
    kept = "/opt/tracseq/services/sample/releases"
    good("6")
    ssh(BOOKWORM, f"rm {kept}/{release}/.complete; rm -r {kept}/{release}/tree")
    good("5")
    assert ssh(BOOKWORM, f"ls {kept} | wc -l").strip() in ("4", "5"), "old releases go"
