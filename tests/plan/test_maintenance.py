"""A host goes out for maintenance and comes back, as it is planned."""

from __future__ import annotations

import socket
import time

import pytest

from deploys.controller.maintenance import hosts
from deploys.facts.maintenance import DIRECTORY, Note
from tests.lab import Run, pyinfra
from tests.plan.conftest import PlannedCopy
from tests.plan.test_rejoin import PRIMARY

KNOWN = "Maintenance | Who is out is known"
ALL = sorted(f"@fake/{name}" for name in ("lb1", "gw1", "gw2", "gw3", "pg1", "pg2", "redis1", "backup1"))
NOTE = Note("2026-11-26 16:40 UTC", "somebody", "new disks", "2026-11-26 20:40 UTC")
BARE = ["debian\t12", "memory\t4294967296"]
GROUPS = {"load_balancers": 1, "gateways": 3, "postgres": 2, "redis": 1, "backups": 1}


class Pretended:
    """A site of which all hosts but those that know nothing say that a host is out."""

    def __init__(self, copy: PlannedCopy) -> None:
        self.copy = copy
        self.inventory = copy.own("tests") / "plan" / "inventory.py"

    def adds(self, line: str) -> None:
        with self.inventory.open("a") as file:
            file.write(f"\n{line}\n")

    def know(self, out: str, unknowing: str) -> None:
        said = {f"{DIRECTORY}/*": [f"{out}\t{NOTE.text().strip()}"]}
        for group, number in GROUPS.items():
            for place in range(number):
                told = f"{group}[{place}][0] == '@fake/{unknowing}' or "
                self.adds(f"{told}{group}[{place}][1]['fake_responses'].update({said!r})")

    def has_a_primary(self) -> None:
        """It is pg1, and pg2 has no data."""
        for place, said in enumerate((PRIMARY, BARE)):
            self.adds(f"postgres[{place}][1]['fake_responses']['pg_is_in_recovery'] = {said!r}")

    def lacks_gw4(self, port: int = 1) -> None:
        """A fourth gateway, whose sshd nobody reaches."""
        away = {"address": "10.0.0.24", "ssh_hostname": "127.0.0.1", "ssh_port": port}
        self.adds(f"gateways.append(('gw4', gateways[0][1] | {away!r}))")


@pytest.fixture
def site(copy: PlannedCopy) -> Pretended:
    return Pretended(copy)


def plan(copy: PlannedCopy, *arguments: str) -> Run:
    command = ("--dry", "--json", *arguments, "tests/plan/inventory.py", "deploys/maintenance.py")
    return pyinfra(*command, directory=copy.directory)


def names(run: Run) -> list[str]:
    return [one["name"] for one in run.json["plan"]]


def test_it_is_about_one_host(copy: PlannedCopy) -> None:
    for arguments in ((), ("--limit", "gateways"), ("--limit", "@fake/gw1", "--limit", "@fake/gw2")):
        run = plan(copy, *arguments)
        assert run.code != 0
        assert "Name the one host that it is about" in run.output


def test_a_site_that_is_not_well_lets_none_go(copy: PlannedCopy) -> None:
    run = plan(copy, "--limit", "@fake/gw2")
    assert run.code != 0
    assert "gw2 cannot go out for maintenance now; no host was touched" in run.output


def test_all_hosts_know_of_one_that_goes_and_no_other_changes(copy: PlannedCopy) -> None:
    run = plan(copy, "--limit", "@fake/gw2", "--data", "force=true", "--data", "why=new memory")
    assert run.code == 0, run.output
    assert run.changes == {KNOWN: ALL}
    assert "gw2 is out for maintenance since " in run.output
    assert ": new memory. Until " in run.output


def test_a_primary_goes_only_where_somebody_takes_over(copy: PlannedCopy) -> None:
    run = plan(copy, "--limit", "@fake/pg1", "--data", "force=true")
    assert run.code != 0
    assert "pg1 is the primary, and no replica follows it" in run.output


def test_the_site_is_applied_to_one_that_comes_back(copy: PlannedCopy) -> None:
    run = plan(copy, "--limit", "@fake/gw2", "--data", "back=true")
    assert run.code == 0, run.output
    assert run.changes["deploys/site.py | Gateway | Gateway runs it, one host at a time"][1] == "@fake/gw2"
    names = [one["name"] for one in run.json["plan"]]
    assert names.index("Maintenance | Its units may start again") < names.index(
        "deploys/site.py | All others count the host among them again"
    )


def test_a_new_host_that_a_run_is_limited_to_hears_from_the_others_who_is_out(site: Pretended) -> None:
    site.know("gw1", unknowing="lb1")
    run = site.copy.plan("--limit", "@fake/lb1")
    assert run.code == 0, run.output
    assert f"{NOTE.sentence('gw1')} This run leaves it out." in run.output
    assert run.changes[KNOWN] == ["@fake/lb1"]


def test_another_that_hangs_is_not_waited_for(site: Pretended) -> None:
    site.know("gw1", unknowing="redis1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        site.lacks_gw4(silent.getsockname()[1])
        began = time.monotonic()
        run = site.copy.plan("--limit", "@fake/redis1")
    assert run.code == 0, run.output
    assert run.changes[KNOWN] == ["@fake/redis1"]
    assert time.monotonic() - began < 3 * hosts.WITHIN


def test_one_with_a_new_disk_stays_out_of_a_run_that_is_limited_to_it(site: Pretended) -> None:
    site.know("pg2", unknowing="pg2")
    run = site.copy.plan("--limit", "@fake/pg2")
    assert run.code != 0
    assert "No host is left for this run. Put one back: " in run.output


def test_nothing_is_done_to_a_postgres_server_that_is_out_already(site: Pretended) -> None:
    site.know("pg2", unknowing="lb1")
    site.has_a_primary()
    run = plan(site.copy, "--limit", "@fake/pg2", "--data", "postgres_synchronous=1")
    assert run.code == 0, run.output
    assert [name for name, done in run.changes.items() if "@fake/pg2" in done] == [KNOWN]
    assert run.changes["Postgres primary | Server"] == ["@fake/pg1"]


def test_writes_wait_for_a_replica_with_a_new_disk_only_once_it_has_its_copy(site: Pretended) -> None:
    site.know("pg2", unknowing="pg2")
    site.has_a_primary()
    run = plan(site.copy, "--limit", "@fake/pg2", "--data", "back=true", "--data", "postgres_synchronous=1")
    assert run.code == 0, run.output
    done = [name.removeprefix("deploys/site.py | ") for name in names(run)]
    first = done.index("Postgres primary | Server")
    copied = next(place for place, name in enumerate(done) if name.startswith("Postgres replica | Copy of the primary"))
    proved = done.index("pg2 has all WAL of its primary")
    again = done.index("Postgres primary | Server", first + 1)
    assert first < copied < proved < again


def test_a_host_comes_back_only_where_all_are_reached(site: Pretended) -> None:
    site.know("gw2", unknowing="lb1")
    site.lacks_gw4()
    back = ("--limit", "@fake/gw2", "--data", "back=true")
    refused = plan(site.copy, *back)
    assert refused.code != 0
    assert "gw4 is not reached: Could not connect" in refused.output
    assert "no host was touched" in refused.output
    forced = plan(site.copy, *back, "--data", "force=true")
    assert "The site is brought without these:" in forced.output
    assert forced.code == 0, forced.output
    assert plan(site.copy, "--limit", "gw4", "--data", "back=true", "--data", "force=true").code != 0


def test_one_that_is_dead_already_can_go_out(site: Pretended) -> None:
    site.lacks_gw4()
    run = plan(site.copy, "--limit", "gw4", "--data", "force=true")
    assert run.code == 0, run.output
    assert "gw4 is not reached: nothing is stopped on it" in run.output
    assert run.changes == {KNOWN: ALL}


def test_those_that_do_not_hear_of_it_are_named(site: Pretended) -> None:
    site.lacks_gw4()
    run = plan(site.copy, "--limit", "@fake/gw2", "--data", "force=true")
    assert run.code == 0, run.output
    assert "gw4 is not reached: it hears from the next run that reaches it that gw2 is out." in run.output
