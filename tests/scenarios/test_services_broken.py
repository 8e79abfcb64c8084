"""A release that is not well: the site stays on the one before, its last lines are shown, the next good one works."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests import lab
from tests.inventory import PYINFRA, hosts
from tests.scenarios import strangers

HOSTS = ("gw2", "redis1")
"""Machines of the lab's site, which have a service beside what they are there for."""
PORTS = (8093, 8094)
DIRECTORY = "/opt/tracseq/services/library"


def catalogue(source: dict[str, str] | None = None) -> tuple[str, str]:
    """The lab's catalogue, and in it one service of two instances on each of two hosts; without a source it is not."""
    entries: dict[str, Any] = dict(hosts(lab.INVENTORY)[HOSTS[0]].data["services"])
    if source:
        entries["library"] = {
            "source": source, "hosts": HOSTS, "port": PORTS[0], "instances": len(PORTS), "health_timeout": 8,
            "gateway": False,
        }  # fmt: skip
    return "--data", f"services={json.dumps(entries)}"


def deployed(source: dict[str, str] | None) -> lab.Run:
    return lab.site(*catalogue(source))


@pytest.fixture(scope="module", autouse=True)
def site_with_a_service(site_as_it_should_be: None) -> Iterator[None]:
    run = deployed(strangers.program("1"))
    assert run.code == 0, run.output
    yield
    run = deployed(None)
    assert run.code == 0, run.output
    for host in HOSTS:
        assert lab.ssh(host, f"ls -d {DIRECTORY} /etc/tracseq/services 2>/dev/null; true") == ""
        assert "tracseq-service" not in lab.ssh(host, "ls /etc/systemd/system; systemctl list-units --all --plain")
        kept = "/var/lib/private/tracseq-service-library"
        assert f"its data stays: {kept}" in run.output
        lab.ssh(host, f"rm -r {kept} /var/lib/tracseq-service-library")
    assert deployed(None).changes == {}


def versions() -> set[str]:
    """The versions that answer, of all instances."""
    return {strangers.asked(host, port, inventory=lab.INVENTORY)["version"] for host in HOSTS for port in PORTS}


def good(version: str) -> None:
    """A good release comes everywhere."""
    run = deployed(strangers.program(version))
    assert run.code == 0, run.output
    assert versions() == {version}


@pytest.mark.parametrize(
    ("status", "starts", "said"),
    [
        (200, False, "no licence for this laboratory"),
        pytest.param(500, True, "answers 500, 8 s after the change", marks=pytest.mark.long),
    ],
)
def test_one_that_is_not_well_is_put_back(status: int, starts: bool, said: str) -> None:
    before = versions()
    run = deployed(strangers.program("bad", status, starts))
    assert run.code != 0
    assert said in run.output
    assert "What was there before is in force again." in run.output
    assert versions() == before, "no other instance was touched"
    good(f"after-{status}")


@pytest.mark.long
def test_another_file_than_the_one_that_was_meant_touches_no_host() -> None:
    before = versions()
    source = strangers.program("4") | {"sha256": "0" * 64}
    run = deployed(source)
    assert run.code != 0
    assert "it is another file than the one that was meant" in run.output
    assert "no host was touched" in run.output
    assert versions() == before
    good("4")


@pytest.mark.long
def test_a_run_that_is_killed_half_way_is_finished_by_the_next() -> None:
    before = versions()
    for seconds in (6, 9, 12):
        run = subprocess.Popen(
            [PYINFRA, "-y", *catalogue(strangers.program(f"5-{seconds}")), lab.INVENTORY, lab.SITE],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            run.wait(seconds)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
        before |= {f"5-{seconds}"}
        # What a host was about to do when its controller died, it still does.
        lab.eventually(lambda allowed=frozenset(before): versions() <= allowed)
    good("5")
    assert deployed(strangers.program("5")).changes == {}


@pytest.mark.long
def test_a_release_that_is_half_there_is_made_anew() -> None:
    release = lab.ssh(HOSTS[0], f"readlink {DIRECTORY}/{PORTS[0]}").strip().rpartition("/")[2]
    kept = f"{DIRECTORY}/releases"
    good("6")
    lab.ssh(HOSTS[0], f"rm {kept}/{release}/.complete; rm -r {kept}/{release}/tree")
    good("5")
    assert lab.ssh(HOSTS[0], f"ls {kept} | wc -l").strip() in ("4", "5"), "old releases go"
