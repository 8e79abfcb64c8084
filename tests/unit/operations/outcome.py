"""What an operation does: the real one, declared and run by pyinfra, on hosts that answer as the case says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pyinfra import logger
from pyinfra.api import Config, FactBase, Inventory, State, StringCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.state import StateStage
from pyinfra.context import ctx_host, ctx_inventory, ctx_state

from deploys.engine.combined import Combined, Wanted
from tests.unit.operations import command
from tests.unit.operations.case import Case

OWN = "host"
"""The host that the operation is for."""


class Answers:
    """What the hosts of a case print, and what was asked of them."""

    def __init__(self, case: Case) -> None:
        self.left: dict[tuple[str, str], list[str]] = {}
        for fact in case.data.get("facts", ()):
            self.left.setdefault((fact.get("host", OWN), fact["fact"]), []).append(fact["output"])
        self.unread = set(self.left)
        self.reads: list[str] = []

    def fact(self, host: Host, fact: type[FactBase[Any]], **arguments: Any) -> Any:
        """What a fact says: its own parser, given what the case says that the host prints."""
        if issubclass(fact, Combined):
            return [self.fact(host, one.fact, **one.arguments) for one in arguments["wanted"]]
        lines = self._output(host, Wanted(fact, arguments)).splitlines()
        asked = fact()
        asked.command(**arguments)
        return asked.process(lines) if lines else asked.default()

    def _output(self, host: Host, wanted: Wanted) -> str:
        name = wanted.fact.__name__
        given = ", ".join(f"{key}={value!r}" for key, value in wanted.arguments.items())
        self.reads.append(f"{'' if host.name == OWN else f'{host.name}: '}{name}({given})")
        answers = self.left[host.name, name]
        self.unread.discard((host.name, name))
        return answers.pop(0) if len(answers) > 1 else answers[0]


def of(case: Case, files: Path) -> dict[str, Any]:
    """
    What an operation reads, says and does, as a case expects it.

    Args:
        case: the case
        files: a directory for the case's files
    """
    for name, content in case.data.get("files", {}).items():
        (files / name).write_text(content)
    answers, said, reasons = Answers(case), _Said(), list[str]()
    found: dict[str, Any] = {}
    with _hosts(case) as (state, hosts), said.listening(), _the_same_everywhere():
        for host in hosts:
            _answering(host, answers, reasons)
        host = hosts[0]
        declared = case.operation(name=case.path.stem, **case.arguments(files))
        assert not answers.reads, f"{case.path}: it read before it was run"
        if not case.data.get("planning"):
            state.set_stage(StateStage.Execute)
            state.is_executing = True
        try:
            commands = list(state.get_op_data_for_host(host, declared._hash).command_generator())
            found["commands"] = [command.shown(one) for one in commands if isinstance(one, StringCommand)]
            assert len(found["commands"]) == len(commands)
        except PyinfraError as error:
            found["error"] = str(error)
    assert not answers.unread, f"{case.path}: it never read {answers.unread}"
    found |= {"reads": answers.reads, "says": said.lines, "noop": "; ".join(reasons)}
    return {key: value for key, value in found.items() if value}


@contextmanager
def _hosts(case: Case) -> Iterator[tuple[State, list[Host]]]:
    """A run of pyinfra with the hosts of a case, the operation's own first."""
    inventory = Inventory(([OWN, *case.data.get("hosts", [])], {}))  # type: ignore[no-untyped-call]
    config = Config(DIFF=case.data.get("diff", False))  # type: ignore[no-untyped-call]
    state = State(inventory, config, check_for_changes=False)
    hosts = list(inventory)
    contexts = [(ctx_state, state), (ctx_inventory, inventory), (ctx_host, hosts[0])]
    for context, value in contexts:
        context.set(value)  # type: ignore[no-untyped-call]
    try:
        yield state, hosts
    finally:
        for context, _ in contexts:
            context.reset()


@contextmanager
def _the_same_everywhere() -> Iterator[None]:
    """Neither chance nor who runs the tests is in what is expected."""
    with (
        patch("os.urandom", lambda size: bytes(range(size))),
        patch("os.getuid", lambda: 1000),
        patch("os.getgid", lambda: 1000),
    ):
        yield


def _answering(host: Host, answers: Answers, reasons: list[str]) -> None:
    """Have a host answer without a connection, and keep why nothing is done on it."""

    def get_fact(fact: type[FactBase[Any]], **arguments: Any) -> Any:
        return answers.fact(host, fact, **arguments)

    host.get_fact = get_fact  # type: ignore[method-assign,assignment]
    host.noop = reasons.append  # type: ignore[method-assign,assignment]


class _Said(logging.Handler):
    """What is said to people, without the host's name."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage().removeprefix(f"[{OWN}]").strip())

    @contextmanager
    def listening(self) -> Iterator[None]:
        level = logger.level
        logger.addHandler(self)
        logger.setLevel(logging.INFO)
        try:
            yield
        finally:
            logger.setLevel(level)
            logger.removeHandler(self)
