"""Which certificate nginx shows: only what belongs together, is for the name, valid, newer, and its owner's own."""

from __future__ import annotations

import grp
import os
import runpy
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploys.controller.authority import Authority
from deploys.controller.certificates import Certificate

PROGRAM = runpy.run_path("files/load_balancer/tracseq_shown.py")
NAME = "api.example.org"
GROUP = grp.getgrgid(os.getgid()).gr_name


@dataclass
class Tls:
    """The certificates of an nginx, and where others are left for it."""

    directory: Path
    got: Path

    def leave(self, certificate: Certificate) -> None:
        (self.got / f"{NAME}.crt").write_text(certificate.certificate)
        (self.got / f"{NAME}.key").write_text(certificate.key)

    def look(self) -> str:
        """What is shown after a look: the name of the pair."""
        PROGRAM["main"](NAME, self.directory, self.got, GROUP)
        return self.shown()

    def shown(self) -> str:
        pair = (self.directory / "shown").resolve()
        assert pair.is_dir() and not any(pair.iterdir()), "whatever nginx serves from there, it is nothing"
        assert (self.directory / "shown.crt").resolve() == pair.with_suffix(".crt")
        return str(pair.relative_to(self.directory))


def made(directory: Path, *names: str, lifetime: float = 86400) -> Certificate:
    """A certificate of an authority that is made for it."""
    return Authority(str(directory), lifetime, 0).leaf(names[0], names)


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    found = Tls(tmp_path / "tls", tmp_path / "got")
    for path in (found.directory, found.got):
        path.mkdir()
    return found


def test_until_there_is_another_the_sites_own_is_shown(tls: Tls) -> None:
    assert tls.look() == "site"
    assert tls.look() == "site"


def test_one_that_came_is_shown_and_the_one_before_stays_for_a_while(tls: Tls, tmp_path: Path) -> None:
    names = []
    for number in range(4):
        tls.leave(made(tmp_path / str(number), NAME))
        names.append(tls.look())
        assert tls.look() == names[-1], "it is shown, and nothing is to be done"
    assert len(set(names)) == 4
    left = {path.name.partition(".")[0] for path in (tls.directory / "acme").iterdir()}
    assert left == {name.removeprefix("acme/") for name in names[-2:]}
    key = tls.directory / f"{names[-1]}.key"
    assert key.stat().st_mode & 0o777 == 0o640
    assert key.read_text() == (tls.got / f"{NAME}.key").read_text()


@pytest.mark.parametrize("wrong", ["another key", "another name", "ended", "no certificate", "a link", "too large"])
def test_what_is_wrong_is_not_shown(tls: Tls, tmp_path: Path, wrong: str) -> None:
    tls.leave(made(tmp_path / "first", NAME))
    before = tls.look()
    second = made(tmp_path / "second", NAME)
    key = tls.got / f"{NAME}.key"
    expected = {
        "another key": (Certificate(second.certificate, made(tmp_path / "third", NAME).key), "do not belong together"),
        "another name": (made(tmp_path / "other", "other.example.org"), f"it is not for {NAME}"),
        "ended": (made(tmp_path / "ended", NAME, lifetime=2), "it is not valid now"),
        "no certificate": (Certificate("nothing", second.key), "do not belong together"),
        "a link": (second, f"{key} cannot be read: Too many levels of symbolic links"),
        "too large": (Certificate(second.certificate, second.key + " " * 1_000_000), "is not the file of who asked"),
    }
    left, why = expected[wrong]
    tls.leave(left)
    if wrong == "ended":
        time.sleep(2.1)
    if wrong == "a link":
        key.rename(tmp_path / "key")
        key.symlink_to(tmp_path / "key")
    with pytest.raises(PROGRAM["Refused"], match=why.replace("(", r"\(")):
        tls.look()
    assert tls.shown() == before


def test_an_older_one_is_not_shown(tls: Tls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older, newer = made(tmp_path / "older", NAME), made(tmp_path / "newer", NAME)
    tls.leave(newer)
    shown = tls.look()
    times = PROGRAM["life"]
    monkeypatch.setitem(
        PROGRAM["main"].__globals__,
        "life",
        lambda path: (times(path)[0] + (60 if path.name.startswith(shown[5:]) else 0), times(path)[1]),
    )
    tls.leave(older)
    with pytest.raises(PROGRAM["Refused"], match="older than the one that is shown"):
        tls.look()


def test_a_pair_of_which_one_half_is_gone_is_not_shown(tls: Tls, tmp_path: Path) -> None:
    tls.leave(made(tmp_path / "first", NAME))
    shown = tls.look()
    (tls.directory / f"{shown}.key").unlink()
    (tls.got / f"{NAME}.key").unlink()
    assert tls.look() == "site"


def test_another_name_has_the_sites_own_until_there_is_one_for_it(tls: Tls, tmp_path: Path) -> None:
    tls.leave(made(tmp_path / "first", NAME))
    assert tls.look() != "site"
    PROGRAM["main"]("other.example.org", tls.directory, tls.got, GROUP)
    assert tls.shown() == "site"


def test_the_file_of_somebody_else_is_not_read(tls: Tls, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("theirs")
    with pytest.raises(PROGRAM["Refused"], match="is not the file of who asked"):
        PROGRAM["owned"](path, os.getuid() + 1)
