"""All that would stop a deploy, over all hosts, in one table."""

from __future__ import annotations

import re
from pathlib import Path

from deploys.settings import declarations
from tests.lab import Run, pyinfra
from tests.plan.conftest import PlannedCopy


def with_machines(copy: PlannedCopy, **changed: dict[str, str]) -> str:
    """The path of an inventory whose machines are other than they should be: lines to add, by host."""
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    text = text.replace("*reached]", "*reached, *_changed.get(name, ())]")
    lines = {name: [f"is\t{key}\t{value}" for key, value in values.items()] for name, values in changed.items()}
    (copy.directory / "other.py").write_text(text.replace("def _host(", f"_changed = {lines!r}\n\n\ndef _host(", 1))
    return "other.py"


def rows(output: str) -> set[tuple[str, str]]:
    """Host and what is wrong with it, of every row of the table."""
    table = output.partition("found")[2]
    return set(re.findall(r"^ {4}(\w+\d) {2,}(.+?) {2,}", table, re.MULTILINE))


def test_a_sound_site_is_told_to_be_one(copy: PlannedCopy) -> None:
    run = pyinfra("-y", "tests/plan/inventory.py", "deploys/preflight.py", directory=copy.directory)
    assert run.code == 0, run.output
    assert "All 8 hosts can be deployed to." in run.output


def test_everything_that_is_wrong_is_in_one_table(copy: PlannedCopy) -> None:
    inventory = with_machines(
        copy,
        lb1={"system": "ubuntu", "version": "24.04"},
        gw1={"cpus": "1", "memory": str(2**30)},
        gw2={"disk": str(10 * 2**30), "disk_free": str(2**30)},
        gw3={"clock": "1700000090.0"},
        pg1={"sudo": "no"},
        pg2={"shell_start": "350000"},
    )
    run = pyinfra("-y", inventory, "deploys/preflight.py", directory=copy.directory)
    assert run.code != 0
    assert "No host was changed." in run.output
    assert rows(run.output) == {
        ("lb1", "system"),
        ("gw1", "CPUs"),
        ("gw1", "memory"),
        ("gw2", "disk"),
        ("gw2", "disk free"),
        ("gw3", "clock"),
        ("pg1", "sudo"),
        ("pg2", "login shell"),
    }
    assert "debian 12 or 13" in run.output
    assert "90.0 s off the others" in run.output
    assert "350 ms of CPU to start" in run.output


def test_a_port_that_somebody_else_holds(copy: PlannedCopy) -> None:
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    held = '*reached, *(["listens\\t6379\\tmemcached", "listens\\t22\\tsshd"])]'
    (copy.directory / "held.py").write_text(text.replace("*reached]", held))
    run = copy.plan(inventory="held.py")
    assert run.code != 0
    assert rows(run.output) == {("redis1", "port 6379")}
    assert "held by memcached" in run.output


def test_a_host_that_is_reached_through_another_stays_so(copy: PlannedCopy) -> None:
    inventory = with_machines(copy, gw1={"origin": "10.0.0.11"}, gw2={"origin": "10.0.0.1"})
    run = copy.plan(inventory=inventory)
    assert run.code != 0
    assert rows(run.output) == {("gw1", "reached through lb1")}
    assert 'ssh_forwarding = ["*:22"] for lb1' in run.output
    allowed = copy.plan("--data", 'ssh_forwarding=["*:22"]', inventory=inventory)
    assert allowed.code == 0, allowed.output


def test_a_host_that_another_cannot_reach(copy: PlannedCopy) -> None:
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    cut = text.replace('f"reach\\t10.0.0.{peer}\\t{port}\\trefused"', 'f"reach\\t10.0.0.{peer}\\t{port}\\t" + '
                       '("no answer within 2 s" if (name, peer) == ("gw2", 31) else "open")')  # fmt: skip
    (copy.directory / "cut.py").write_text(cut)
    run = copy.plan(inventory="cut.py")
    assert run.code != 0
    assert rows(run.output) == {("gw2", "reach pg1")}


def where_nobody_answers(copy: PlannedCopy, *rules: str) -> Run:
    """A plan of the site whose hosts do not reach each other, and have a firewall in force with these rules."""
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    found = ", ".join(f'"{line}"' for line in ("is\\tfirewall\\tyes", *(f"rule\\t{rule}" for rule in rules)))
    closed = text.replace("\\trefused", "\\tno answer within 2 s").replace("*reached]", f"*reached, {found}]")
    (copy.directory / "closed.py").write_text(closed)
    return copy.plan(inventory="closed.py")


def test_a_firewall_that_is_about_to_open_is_no_obstacle(copy: PlannedCopy) -> None:
    assert where_nobody_answers(copy).code == 0


def test_a_known_host_that_gets_a_role_is_no_obstacle(copy: PlannedCopy) -> None:
    """It may connect to Postgres, and none of the others may to it: that a run changes."""
    run = where_nobody_answers(
        copy,
        "ufw-user-output -d 10.0.0.31/32 -p tcp -m tcp --dport 5432 -j ACCEPT",
        "ufw-user-output -d 10.0.0.32/32 -p tcp -m tcp --dport 5432 -j ACCEPT",
    )
    assert run.code == 0


def test_a_new_host_is_known_to_no_firewall_but_a_known_one_is_missed(copy: PlannedCopy) -> None:
    run = where_nobody_answers(
        copy,
        "ufw-user-input -s 10.0.0.21/32 -p tcp -m tcp --dport 5432 -j ACCEPT",
        "ufw-user-output -d 10.0.0.31/32 -p tcp -m tcp --dport 5432 -j ACCEPT",
    )
    assert run.code != 0
    assert rows(run.output) == {("gw1", "reach pg1")}


def test_a_host_without_a_mirror_needs_an_unpacked_bundle_of_this_commit(copy: PlannedCopy) -> None:
    from_bundle = ("--data", "packages_from=bundle")
    run = copy.plan(*from_bundle)
    assert run.code != 0
    assert {what for _, what in rows(run.output)} == {"packages in .cache/packages/bookworm"}
    assert "make unbundle" in run.output
    (copy.directory / ".cache").unlink()
    packages = copy.directory / ".cache/packages/bookworm"
    packages.mkdir(parents=True)
    (packages.parent.parent / "wheels").symlink_to(Path(".cache/wheels").absolute())
    index = "".join(f"Package: {name}\n\n" for name in declarations.all_packages() if name != "nginx")
    (packages / "Packages").write_text(index)
    run = copy.plan(*from_bundle)
    assert {host for host, _ in rows(run.output)} == {"lb1", "backup1"}
    assert "no nginx" in run.output
    (packages / "Packages").write_text(f"{index}Package: nginx\n\n")
    (packages / "Release").write_text("")
    run = copy.plan(*from_bundle)
    assert run.code == 0, run.output
    assert len(run.changes["Base | Packages"]) == 8
