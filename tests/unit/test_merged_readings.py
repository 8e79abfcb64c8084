"""Facts that are merged say what each says alone: real shells, on files of this machine."""

from __future__ import annotations

import subprocess
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploys.engine.combined import Combined, Wanted
from deploys.facts.file_set import FileSet
from deploys.facts.left import Left
from deploys.facts.mergeable import Mergeable
from deploys.facts.packages import Installed, PackageState
from deploys.facts.service import Service, ServiceState
from deploys.operations.staging import Stamp
from tests.unit.test_file_set_facts import read

NAMES = ("plain", "it's here", "two  blanks", "link", "dangling", "directory", "missing")
KEYS = ("one", "other", "no stamp", "its stamp is empty")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of each kind, two of the stamps in ``KEYS``, and one that says nothing of any file."""
    root = tmp_path_factory.mktemp("tree")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deploys.operations.staging.STAMPS", str(root / "stamps"))
        for name in NAMES[:3]:
            (root / name).write_text(name)
        (root / "link").symlink_to("plain")
        (root / "dangling").symlink_to("nowhere at all")
        (root / "directory").mkdir()
        (root / "directory" / "nested").touch()
        for key, paths in {"one": NAMES[:2], "other": NAMES[1:], "its stamp is empty": ()}.items():
            lines = Stamp(key, tuple(str(root / path) for path in paths)).applied("true")
            subprocess.run(["sh", "-c", "\n".join(("set -eu", *lines))], check=True)
        (root / "plain").write_text("it has changed since")
    return root


SETS = st.lists(
    st.fixed_dictionaries(
        {
            "paths": st.lists(st.sampled_from(NAMES), max_size=4),
            "directories": st.lists(st.sampled_from(("directory", "stamps", "missing", "plain")), max_size=2),
            "key": st.sampled_from(KEYS),
        }
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sets=SETS, packages=st.integers(0, 5))
def test_sets_of_files_are_told_apart(tree: Path, sets: list[dict[str, Any]], packages: int) -> None:
    """Also where they share files, and where another fact is read between them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deploys.facts.file_set.STAMPS", str(tree / "stamps"))
        asked = [
            one | {kind: [str(tree / name) for name in one[kind]] for kind in ("paths", "directories")} for one in sets
        ]
        wanted = [Wanted(FileSet, one) for one in asked]
        wanted.insert(packages, Wanted(Installed, {"packages": ["dpkg"]}))
        together = read(Combined(), wanted=wanted)
        assert isinstance(together.pop(min(packages, len(sets))), PackageState)
        assert together == [read(FileSet(), **one) for one in asked]


@pytest.mark.parametrize("fact", [FileSet, Installed, Left, Service])
def test_a_command_takes_what_a_fact_is_asked_for(fact: type[Mergeable[Any, Any]]) -> None:
    """pyinfra looks at the one, ``Combined`` at the other."""
    command, asked = (
        {name: one.default for name, one in signature(called).parameters.items() if name != "self"}
        for called in (fact.command, fact.asked)
    )
    assert command == asked


def test_each_has_the_packages_that_it_was_asked_for() -> None:
    output = """\
package curl installed
package nginx not-installed
package redis installed
age 300
""".splitlines()
    combined = Combined()
    combined.command([Wanted(Installed, {"packages": names}) for names in (["curl", "nginx"], ["redis", "other"])])
    assert combined.process(output) == [
        PackageState(frozenset({"curl"}), list_age=300),
        PackageState(frozenset({"redis"}), list_age=300),
    ]


def test_units_are_told_apart_by_each_of_their_names_in_whatever_order_they_come() -> None:
    """An alias is a name like any other, and a unit that systemd does not know has its own too."""
    output = """\
unit\tNames=redis-server.service redis.service
unit\tActiveState=active
unit\t
unit\tNames=gone.service
unit\tLoadState=not-found
unit\t
unit\tNames=gateway.socket
unit\tActiveState=listening
unit\t
unit\tNames=gateway.service
unit\tActiveState=inactive
answer\thttp://127.0.0.1:2/\t503
answer\thttp://127.0.0.1:1/\t200
""".splitlines()
    asked: list[dict[str, Any]] = [
        {"unit": "gateway.service", "socket": "gateway.socket", "healthy": "http://127.0.0.1:1/"},
        {"unit": "redis.service", "healthy": "http://127.0.0.1:2/"},
        {"unit": "gone.service", "healthy": "http://127.0.0.1:3/"},
    ]
    combined = Combined()
    combined.command([Wanted(Service, {"paths": (), "directories": ()} | one) for one in asked])
    assert combined.process(output) == [
        ServiceState({"ActiveState": "inactive"}, socket={"ActiveState": "listening"}, answer="200"),
        ServiceState({"ActiveState": "active"}, answer="503"),
        ServiceState({"LoadState": "not-found"}, answer="000"),
    ]
