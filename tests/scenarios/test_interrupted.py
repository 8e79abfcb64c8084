"""A run that is killed at any point is finished by the next, and leaves the same hosts as a run that was not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import lab, state
from tests.scenarios.killed import killed_at

INVENTORY = "inventories/lab_smallest.py"
HOSTS = ("one1", "two1")
PREPARED = "Base | Time"
"""The operation before which the machines are kept: with their packages, and nothing else."""

FROM_BARE = (("Base | Names and users", 0.3), ("Base | Packages", 8.0))
FROM_PREPARED = (
    ("Base | Time", 0.15),
    ("Firewall | Ruleset", 1.0),
    ("Postgres replica | Copy of the primary", 0.6),
)
FURTHER = (
    ("Gateway release | Installed beside the current one", 3.0),
    ("Postgres primary | Server", 0.3),
    ("Kernel | Kernel settings and modules", 0.1),
    ("SSH | Keys only", 0.6),
    ("Postgres primary | Cluster", 1.0),
    ("Postgres primary | Roles, databases and slots", 0.05),
    ("Gateway | Gateway runs it, one host at a time", 0.5),
    ("Load balancer | nginx", 0.2),
)
"""Operations, and how many seconds after each begins the run is killed."""


@pytest.fixture(scope="module", autouse=True)
def site_as_it_should_be() -> Iterator[None]:
    """Not the whole lab: the smallest site, which is made for this and taken away after it."""
    yield
    lab.destroy(*HOSTS)


@pytest.fixture(scope="module")
def clean() -> dict[str, list[str]]:
    """The hosts as a run leaves them that nobody disturbed; their disks are kept as they were before it."""
    lab.destroy(*HOSTS)
    lab.up(*HOSTS, inventory=INVENTORY)
    killed_at(PREPARED, 0, INVENTORY, lab.SITE)
    lab.save(*HOSTS)
    lab.restore(*HOSTS, inventory=INVENTORY)
    run = lab.site(inventory=INVENTORY)
    assert run.code == 0, run.output
    return {name: state.of(name, INVENTORY) for name in HOSTS}


def converges(clean: dict[str, list[str]]) -> None:
    """The next run ends well, and the hosts are as they should be."""
    run = lab.site(inventory=INVENTORY)
    assert run.code == 0, run.output
    for name in HOSTS:
        lab.eventually(lambda name=name: followed(name))
        assert state.difference(clean[name], state.of(name, INVENTORY)) == []


def followed(name: str) -> bool:
    """
    Whether somebody reads from each slot of a primary.

    Who was cut off by a restart comes back by itself, some seconds later; a replica has slots that nobody reads from,
    once the backup host's watch has made them.
    """
    query = "select bool_and(active) from pg_replication_slots where not pg_is_in_recovery()"
    said = lab.ssh(name, f"cd /; runuser -u postgres -- psql -XAtqc '{query}'", inventory=INVENTORY)
    return said.strip() != "f"


@pytest.mark.parametrize(
    ("operation", "after"), [*FROM_PREPARED, *(pytest.param(*point, marks=pytest.mark.long) for point in FURTHER)]
)
def test_killed_and_run_again(clean: dict[str, list[str]], operation: str, after: float) -> None:
    lab.restore(*HOSTS, inventory=INVENTORY)
    killed_at(operation, after, INVENTORY, lab.SITE)
    converges(clean)


@pytest.mark.long
def test_killed_on_bare_machines_again_and_again(clean: dict[str, list[str]]) -> None:
    lab.destroy(*HOSTS)
    lab.up(*HOSTS, inventory=INVENTORY)
    for operation, after in FROM_BARE:
        killed_at(operation, after, INVENTORY, lab.SITE)
    run = lab.site(inventory=INVENTORY)
    assert run.code == 0, run.output
    # The others were booted once before: some units of Debian's own start only then.
    lab.reboot(*HOSTS, inventory=INVENTORY)
    for name in HOSTS:
        lab.eventually(lambda name=name: state.difference(clean[name], state.of(name, INVENTORY)) == [])
    assert lab.site(inventory=INVENTORY).changes == {}
