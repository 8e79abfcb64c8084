"""
What deploys/engine takes for granted of pyinfra's command line, one test for each.

After an upgrade of pyinfra, what is red here is what deploys/engine has to be looked through for.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.observed import Observed, pyinfra

CONFIG = """
import click
import inspect
import pyinfra_cli.cli
from pyinfra import config
from pyinfra.context import ctx_inventory, ctx_state
from deploys.engine import modules
from notes import note

note("config")
note("click in config", click.get_current_context(silent=True).params)
note("inventory in config", ctx_inventory.isset())
config.FAIL_PERCENT = 0
modules.name_files("named")

state = ctx_state.get()
note("state in config", id(state))
init, set_stage = state.init, state.set_stage

def noted_init(*positional, **named):
    note("init", [[type(one).__name__ for one in positional], sorted(named)])
    init(*positional, **named)
    note("hosts", [host.name for host in state.inventory])
    for host in state.inventory:
        instead(host)

def noted(stage):
    note("stage", stage.name)
    set_stage(stage)

def instead(host):
    connect = host.connector.connect
    def connecting():
        note("connect", host.name)
        connect()
    host.connector.connect = connecting

state.init = noted_init
state.set_stage = noted
run_ops = pyinfra_cli.cli.run_ops
note("signature", str(inspect.signature(run_ops)))

def noted_run_ops(*positional, **named):
    note("run_ops", [[type(one).__name__ for one in positional], sorted(named)])
    run_ops(*positional, **named)

pyinfra_cli.cli.run_ops = noted_run_ops
"""
INVENTORY = """
from notes import note
note("inventory")
hosts = ["@fake/one", "@fake/two", "@fake/three"]
"""
DEPLOY = """
import click
import inspect
from gevent.event import Event
from pyinfra import host, state
from pyinfra.context import ctx_state
import work
from notes import note

note("deploy", host.name)
note("module of a deploy", inspect.getmodule(inspect.currentframe()) is not None)
note("click in deploy", click.get_current_context(silent=True) is not None)
note("state in deploy", id(ctx_state.get()))
work.all_at_a_time(host.name)
note("host after waiting", host.name)
work.generator(name="An operation")
note("begun outside of executing", state.is_executing)
"""
WORK = """
from gevent.event import Event
from pyinfra import host, state
from pyinfra.api import operation
from notes import note

begun = {name: Event() for name in ("@fake/one", "@fake/two", "@fake/three")}

def all_at_a_time(name):
    begun[name].set()
    note("all begun", all(event.wait(timeout=30) for event in begun.values()))

@operation()
def generator():
    note("generator", [host.name, state.is_executing, host.current_op_hash is not None])
    yield "true"
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    files = {"config.py": CONFIG, "inventory.py": INVENTORY, "named/deploy.py": DEPLOY, "work.py": WORK}
    found = pyinfra(tmp_path_factory.mktemp("run"), files, "-y", "inventory.py", "named/deploy.py")
    assert found.code == 0, found.output
    return found


HOSTS = ["@fake/one", "@fake/two", "@fake/three"]


def test_config_is_executed_before_the_inventory_is_read(run: Observed) -> None:
    assert run.place("config") < run.place("inventory")
    assert run.one("inventory in config") is False


def test_config_is_executed_with_the_state_of_the_run(run: Observed) -> None:
    assert set(run.all("state in deploy")) == {run.one("state in config")}


def test_click_knows_what_was_given_while_config_is_executed(run: Observed) -> None:
    given = run.one("click in config")
    assert given["inventory"] == "inventory.py"
    assert given["operations"] == ["named/deploy.py"]
    assert given["dry"] is False
    assert given["limit"] == given["exclude"] == []


def test_click_knows_nothing_where_hosts_are_worked_on(run: Observed) -> None:
    assert run.all("click in deploy") == [False] * 3


def test_the_state_is_told_of_the_inventory_before_any_host_is_connected_to(run: Observed) -> None:
    assert run.one("init") == [["Inventory", "Config"], ["initial_limit"]]
    assert run.one("hosts") == HOSTS
    assert run.place("inventory") < run.place("init") < run.place("stage") < run.place("connect") < run.place("deploy")
    assert run.all("stage") == ["Connect", "Prepare", "Execute", "Disconnect"]


def test_a_connector_of_its_own_is_asked_to_connect_by_each_host(run: Observed) -> None:
    assert sorted(run.all("connect")) == sorted(HOSTS)


def test_the_command_line_calls_run_ops_by_its_own_name(run: Observed) -> None:
    assert run.one("run_ops") == [["State"], ["no_wait", "serial"]]
    assert run.one("signature") == "(state: 'State', serial: 'bool' = False, no_wait: 'bool' = False)"


def test_a_deploy_is_loaded_once_per_host(run: Observed) -> None:
    assert sorted(run.all("deploy")) == sorted(HOSTS)


def test_a_deploy_is_loaded_for_all_hosts_at_a_time(run: Observed) -> None:
    assert run.all("all begun") == [True] * 3


def test_a_host_is_the_context_of_its_own_greenlet(run: Observed) -> None:
    assert sorted(run.all("host after waiting")) == sorted(HOSTS)


def test_operations_are_executed_after_all_were_declared(run: Observed) -> None:
    assert run.all("begun outside of executing") == [False] * 3
    assert run.notes.index(("stage", "Execute")) < run.place("generator")
    assert sorted(run.all("generator")) == sorted([name, True, True] for name in HOSTS)


def test_a_deploy_whose_name_is_known_has_a_module(run: Observed) -> None:
    """Without, inspect would search all modules for it at each operation: see engine/modules.py."""
    assert run.all("module of a deploy") == [True] * 3


def test_a_deploy_is_a_text_and_not_a_module(tmp_path: Path) -> None:
    """Once this fails, engine/modules.py can go."""
    deploy = "import inspect\nfrom notes import note\nnote('module', str(inspect.getmodule(inspect.currentframe())))"
    assert pyinfra(tmp_path, {"deploy.py": deploy}, "-y", "@fake/one", "deploy.py").one("module") == "None"


def test_a_generator_runs_again_at_execution(tmp_path: Path) -> None:
    """Without -y, once to say what would change, and once to change it."""
    deploy = "import work\nwork.generator(name='An operation')"
    state = "from pyinfra.context import ctx_state\nctx_state.get().check_for_changes = True"
    run = pyinfra(tmp_path, {"config.py": state, "deploy.py": deploy, "work.py": WORK}, "-y", "@fake/one", "deploy.py")
    assert [executing for _, executing, _ in run.all("generator")] == [False, True]


def test_an_error_before_connecting_ends_the_run_with_its_sentence(tmp_path: Path) -> None:
    config = """
from pyinfra.api.exceptions import PyinfraError
from pyinfra.context import ctx_state

def refused(inventory, config, initial_limit):
    raise PyinfraError("The data is not as it must be.")

ctx_state.get().init = refused
"""
    run = pyinfra(tmp_path, {"config.py": config, "deploy.py": ""}, "-y", "@fake/one", "deploy.py")
    assert run.code == 1
    assert "The data is not as it must be." in run.output
    assert "Traceback" not in run.output and "Connected" not in run.output


def test_a_failure_stops_the_run_where_config_says_so(tmp_path: Path) -> None:
    deploy = """
from pyinfra import host
from pyinfra.operations import server
server.shell(name="One", commands=["false"] if host.name == "@fake/one" else ["true"])
server.shell(name="Two", commands=["after"])
"""
    inventory = 'hosts = [("@fake/one", {"fake_responses": {"false": {"success": False}}}), "@fake/two"]'
    files = {"config.py": "from pyinfra import config\nconfig.FAIL_PERCENT = 0", "inventory.py": inventory}
    run = pyinfra(tmp_path, {**files, "deploy.py": deploy}, "-y", "inventory.py", "deploy.py")
    assert run.code == 1
    assert "Over 0% of hosts failed" in run.output
    assert "operation: Two" not in run.output


@pytest.mark.parametrize("arguments", [("--limit", "nobody", "inventory.py"), ("--exclude", "nobody", "inventory.py")])
def test_a_mistyped_limit_is_no_error(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Once this fails, that part of engine/command_line.py can go."""
    run = pyinfra(tmp_path, {"inventory.py": 'hosts = ["@fake/one"]', "deploy.py": ""}, "-y", *arguments, "deploy.py")
    assert run.code == 0, run.output


def test_an_inventory_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    """Once this fails, that part of engine/command_line.py can go."""
    run = pyinfra(tmp_path, {"deploy.py": "from notes import note\nnote('deploy')"}, "-y", "typo.py", "deploy.py")
    assert (run.code, run.all("deploy")) == (0, [])
