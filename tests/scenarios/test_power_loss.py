"""
A machine loses its power while everybody writes: with the site's settings no acknowledged write is lost.

A machine of the lab that is killed leaves its page cache to this machine's kernel, which writes it to disk all the
same. A virtual machine takes its own with it. That the check can fail is shown by fsync = off.
"""

from __future__ import annotations

import http.client
import itertools
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.controller.templates import render
from deploys.roles.postgres import configuration, limits
from deploys.roles.postgres.declaration import Postgres
from deploys.settings.host import SiteHost
from deploys.settings.shared import Shared
from deploys.settings.site import Site
from tests import inventory, lab
from tests.scenarios import guest
from tests.scenarios.guest import VERSION, Guest

pytestmark = pytest.mark.long
CONFIGURATION = f"/etc/postgresql/{VERSION}/main/postgresql.conf"
WRITERS = 4
WRITES = 300


@pytest.fixture(scope="module", autouse=True)
def site_as_it_should_be() -> None:
    """No site: a machine by itself."""


@pytest.fixture(scope="module")
def files() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        yield guest.root(Path(directory))


def settings() -> str:
    """The postgresql.conf of a site of one such machine, reached by its socket alone."""
    data = inventory.group("postgres", lab.INVENTORY)[0].data
    host = SiteHost("guest", "guest", frozenset({"postgres"}), {m: m.model_validate(data) for m in (Shared, Postgres)})
    site = Site((host,), {})
    declared = limits.declared(site, host.data(Postgres))
    sections = configuration.sections(site, host, 768 << 20, VERSION, declared)
    return render("postgres/postgresql.conf.j2", sections=sections) + "listen_addresses = ''\nssl = off\n"


def written(machine: Guest) -> set[int]:
    """The numbers that were acknowledged until the machine, while more were written, lost its power."""
    acknowledged: set[int] = set()
    numbers = itertools.count(1)

    def write() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", machine.port, timeout=30)
        while machine.running:
            number = next(numbers)
            try:
                connection.request("POST", "/", str(number))
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                continue
            if answer.status == 201:
                acknowledged.add(number)

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        lab.eventually(lambda: len(acknowledged) >= WRITES, within=300)
    finally:
        machine.pull_the_plug()
    for thread in threads:
        thread.join()
    print(f"\n{len(acknowledged)} writes acknowledged within {time.monotonic() - began:.0f} s")
    return acknowledged


@pytest.mark.parametrize("fsync", ["on", "off"])
def test_what_was_acknowledged_is_there_and_without_fsync_it_is_not(files: Path, fsync: str) -> None:
    own = settings()
    text = own if fsync == "on" else f"{own}fsync = off\n"
    machine = Guest(files, files.parent / f"{fsync}.img", {CONFIGURATION: text})
    try:
        said = machine.boot()
        assert said.startswith("The server runs"), said
        acknowledged = written(machine)
        again = machine.boot()
        lost = acknowledged - machine.numbers() if again.startswith("The server runs") else acknowledged
    finally:
        machine.pull_the_plug()
    print(f"fsync = {fsync}: {again} {len(lost)} of {len(acknowledged)} lost")
    if fsync == "on":
        assert lost == set()
    else:
        assert lost, "the check could not fail: the machine lost nothing with its power"
