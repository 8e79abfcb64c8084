"""Operations whose hosts share nothing run side by side; a failure lets what runs end, and begins nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.observed import Observed, pyinfra

# Whoever waits for an event gives up after this many seconds: only a test that fails gets so far.
WAIT = 30
CONFIG = """
from pyinfra import config
from deploys.engine import execution
config.FAIL_PERCENT = 0
execution.install()
"""
WORK = f"""
from collections import defaultdict
import gevent
from gevent.event import Event
from pyinfra import host
from pyinfra.api import OperationError, operation
from notes import note

events = defaultdict(Event)

@operation()
def step(begins=None, waits=None, command="true", refuses=False):
    name = host.name.removeprefix("@fake/")
    note("begin", [host_op(), name])
    if begins:
        events[begins].set()
    if waits:
        note("waited", [name, events[waits].wait(timeout={WAIT})])
    if refuses:
        raise OperationError("It was left as it is.")
    try:
        yield command
    except GeneratorExit:
        events["failed on " + name].set()
        raise
    note("end", [host_op(), name])

def host_op():
    [name] = host.state.get_op_meta(host.current_op_hash).names
    return name
"""
FAILING = 'hosts = [(f"@fake/{name}", {"fake_responses": {"fails": {"success": False, "stderr": "It does not."}}}) '


def run(directory: Path, hosts: str, deploy: str, *arguments: str, config: str = CONFIG) -> Observed:
    """Run a deploy on pretended hosts, named by letters."""
    head = "from pyinfra import host\nfrom deploys.engine.barrier import barrier\nfrom work import step\n"
    files = {
        "config.py": config,
        "work.py": WORK,
        "inventory.py": f"{FAILING}for name in {hosts!r}]",
        "deploy.py": f"{head}name = host.name.removeprefix('@fake/')\n{deploy}",
    }
    return pyinfra(directory, files, "-y", *arguments, "inventory.py", "deploy.py")


# a and b begin together and meet at a barrier, which a reaches only once c, that shares nothing, is done.
SITE = """
if name == "a":
    step(name="Redis", begins="redis", waits="postgres")
    step(name="Slow", waits="c is done")
if name == "b":
    step(name="Postgres", begins="postgres", waits="redis")
if name == "c":
    step(name="First")
    step(name="Last", begins="c is done")
else:
    barrier(name="Both are ready")
    for number in host.loop(range(3)):
        step(name=f"After it {number}")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    found = run(tmp_path_factory.mktemp("site"), "abc", SITE)
    assert found.code == 0, found.output
    return found


def ended(found: Observed, host: str) -> list[str]:
    """The operations of a host, as they ended."""
    return [operation for operation, name in found.all("end") if name == host]


def test_operations_whose_hosts_share_nothing_overlap(site: Observed) -> None:
    """Each waits for the other to have begun."""
    assert sorted(site.all("waited")) == [["a", True], ["a", True], ["b", True]]


def test_each_host_keeps_its_order(site: Observed) -> None:
    after = [f"After it {number}" for number in range(3)]
    assert ended(site, "a") == ["Redis", "Slow", *after]
    assert ended(site, "b") == ["Postgres", *after]
    assert ended(site, "c") == ["First", "Last"]


def test_hosts_wait_for_each_other_at_a_barrier(site: Observed) -> None:
    order = [operation for operation, _ in site.all("end")]
    assert order.index("After it 0") > order.index("Slow")


def test_a_host_that_does_not_share_a_barrier_goes_on(site: Observed) -> None:
    """It comes to its end while b is held by the barrier."""
    notes = site.notes
    assert notes.index(("begin", ["Last", "c"])) < notes.index(("begin", ["After it 0", "b"]))


def test_pyinfra_itself_runs_one_after_the_other(tmp_path: Path) -> None:
    """Once this fails, engine/execution.py can go."""
    deploy = """
if name == "a":
    step(name="Redis")
if name == "b":
    step(name="Postgres")
"""
    found = run(tmp_path, "ab", deploy, config="")
    assert found.code == 0, found.output
    assert [what for what, _ in found.notes] == ["begin", "end", "begin", "end"]


def test_a_failure_lets_what_runs_end_and_begins_nothing_more(tmp_path: Path) -> None:
    deploy = """
if name == "a":
    step(name="Fails", command="fails", waits="b runs")
    step(name="After the failure")
if name == "b":
    step(name="Runs", begins="b runs", waits="failed on a")
    step(name="Next")
if name == "c":
    step(name="Ended before")
"""
    found = run(tmp_path, "abc", deploy)
    assert found.code == 1
    assert ["b", True] in found.all("waited")
    assert sorted(found.all("end")) == [["Ended before", "c"], ["Runs", "b"]]
    assert {operation for operation, _ in found.all("begin")} == {"Fails", "Runs", "Ended before"}
    assert "It does not." in found.output
    assert "Over 0% of hosts failed" in found.output


def test_where_hosts_may_fail_the_others_go_on_without_them(tmp_path: Path) -> None:
    deploy = """
step(name="Fails on a", command="fails" if name == "a" else "true")
step(name="After it")
"""
    found = run(tmp_path, "abc", deploy, "--fail-percent", "50")
    assert found.code == 1
    assert sorted(name for operation, name in found.all("end") if operation == "After it") == ["b", "c"]


def test_an_operation_that_refuses_is_a_failure_with_its_sentence(tmp_path: Path) -> None:
    found = run(tmp_path, "ab", "step(name='Refuses', refuses=name == 'a')\nstep(name='After it')")
    assert found.code == 1
    assert "It was left as it is." in found.output
    assert "Traceback" not in found.output
    assert found.all("end") == [["Refuses", "b"]]


TOGETHER = f"""
import gevent
from gevent.event import Event
from pyinfra import host
from pyinfra.api import operation
from notes import note

within, full = set(), Event()

@operation()
def together(most):
    within.add(host.name)
    if len(within) == most:
        full.set()
    note("enough", full.wait(timeout={WAIT}))
    for _ in range(10):
        gevent.sleep(0)
    note("within", len(within))
    within.discard(host.name)
    yield "true"
"""


@pytest.mark.parametrize(
    ("of_run", "of_operation", "most"),
    [(["--parallel", "3"], "", 3), ([], "_parallel=2", 2), ([], "_serial=True", 1), ([], "", 6)],
)
def test_as_many_hosts_at_a_time_as_may(tmp_path: Path, of_run: list[str], of_operation: str, most: int) -> None:
    """The first ones wait until so many have begun, and no further one begins meanwhile."""
    (tmp_path / "together.py").write_text(TOGETHER)
    deploy = f"import together\ntogether.together(name='Together', most={most}, {of_operation})"
    found = run(tmp_path, "abcdef", deploy, *of_run)
    assert found.code == 0, found.output
    assert found.all("enough") == [True] * 6
    assert max(found.all("within")) == most


def test_serial_is_as_pyinfra_does_it(tmp_path: Path) -> None:
    found = run(tmp_path, "ab", "step(name='First')\nstep(name='Second')", "--serial")
    hosts = [name for _, name in found.all("end")]
    assert (found.code, len(hosts)) == (0, 4)
    assert hosts[0] == hosts[1] != hosts[2] == hosts[3]


@pytest.mark.parametrize(("command", "ended"), [("true", 0), ("fails", 1)])
def test_what_comes_after_a_run_is_done_however_it_ends(tmp_path: Path, command: str, ended: int) -> None:
    told = """
from deploys.engine import ending
from notes import note
if name == "a":
    ending.at_end(lambda: note("over", "told"))
"""
    found = run(tmp_path, "ab", f"{told}step(name='It', command={command!r})\n")
    assert (found.code != 0) == bool(ended), found.output
    assert found.all("over") == ["told"]
    if not ended:
        assert found.place("over") > found.place("end")
