"""A host notes each release that it was given, once, and reads it back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploys.controller.releases.migrations import migrations
from deploys.facts import release_history as fact
from deploys.facts.release_history import ReleaseHistory, Switch
from deploys.operations import release_history

BY = 'LAB\\o\'neill "the 2nd" 100%@controller-1'


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(release_history, "DIRECTORY", str(tmp_path))
    monkeypatch.setattr(release_history, "METRICS", str(tmp_path / "state"))
    monkeypatch.setattr(fact, "DIRECTORY", str(tmp_path))
    logger = tmp_path / "bin/logger"
    logger.parent.mkdir()
    logger.write_text(f"#!/bin/sh\ncat >> {tmp_path}/journal\n")
    logger.chmod(0o755)
    return tmp_path


def noted(place: Path, release: str, back: bool = False, more: str = ":") -> None:
    installed = place / "releases" / release
    installed.mkdir(parents=True, exist_ok=True)
    (installed / "release.json").write_text('{"source": "8c5f9ad30e", "commit": "0a1b2c3d4e5f+", "migrations": {}}\n')
    (place / "current").unlink(missing_ok=True)
    (place / "current").symlink_to(f"releases/{release}")
    lines = release_history.noted("gateway", str(place), BY, back)
    text = "\n".join(["set -eu", f"PATH={place}/bin:$PATH", more, *lines])
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def history() -> list[Switch]:
    command = ReleaseHistory().command(program="gateway")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    return list(ReleaseHistory().process(done.stdout.splitlines()))


def test_each_change_is_noted_once(note: Path) -> None:
    assert history() == []
    for release, back in (("2.0.0-a", False), ("2.0.0-a", False), ("2.0.0-b", False), ("2.0.0-a", True)):
        noted(note, release, back)
    found = [(one.release, one.before, one.back) for one in history()]
    assert found == [("2.0.0-a", "", False), ("2.0.0-b", "2.0.0-a", False), ("2.0.0-a", "2.0.0-b", True)]
    assert {(one.by, one.commit) for one in history()} == {(BY, "0a1b2c3d4e5f+")}
    journal = (note / "journal").read_text().splitlines()
    assert journal.count("SYSLOG_IDENTIFIER=tracseq-release") == 3
    assert "MESSAGE=gateway is back at release 2.0.0-a" in journal
    assert "TRACSEQ_BEFORE=2.0.0-b" in journal
    metric = 'tracseq_release_info{program="gateway",release="2.0.0-a",commit="0a1b2c3d4e5f+"} 1\n'
    assert {path.name: path.read_text() for path in (note / "state").iterdir()} == {"release_gateway.prom": metric}


def test_of_a_host_that_has_noted_nothing_yet_the_link_of_before_says_it(note: Path) -> None:
    old = Path(f"{note}/stage/old{note}")
    old.mkdir(parents=True)
    (old / "current").symlink_to("releases/1.9.0")
    noted(note, "2.0.0-a", more=f"stage={note}/stage")
    assert [(one.before, one.release) for one in history()] == [("1.9.0", "2.0.0-a")]


def test_a_line_that_a_host_had_no_power_to_end_is_left_out(note: Path) -> None:
    noted(note, "2.0.0-a")
    with (note / "gateway").open("a") as file:
        file.write('{"at": 17, "rel')
    assert [one.release for one in history()] == ["2.0.0-a"]
    noted(note, "2.0.0-b")
    assert [one.release for one in history()] == ["2.0.0-a", "2.0.0-b"], "it has its line for itself"


def test_migrations_are_read_in_their_order_and_say_what_they_take_away(tmp_path: Path) -> None:
    for revision, before, more in (("b", "a", "contracts = True"), ("a", "c", ""), ("c", None, "")):
        (tmp_path / f"0_{revision}.py").write_text(f"revision = {revision!r}\ndown_revision = {before!r}\n{more}\n")
    assert list(migrations(tmp_path).items()) == [("c", False), ("a", False), ("b", True)]
    assert next(iter(migrations().items())) == ("0001", False)


def test_what_its_own_run_took_away_again_never_served() -> None:
    def switch(release: str, before: str, by: str, back: bool = False) -> Switch:
        return Switch(1, release, before, "", by, back)

    failed = [switch("b", "a", "run 1"), switch("c", "b", "run 2"), switch("b", "c", "run 2", back=True)]
    assert fact.served(failed) == {"a", "b"}
    # Somebody went back later: they may want to go forward again.
    assert fact.served([*failed[:2], switch("b", "c", "run 3", back=True)]) == {"a", "b", "c"}
    assert fact.served([]) == frozenset()
