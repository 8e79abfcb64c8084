"""
A change that could shut its own door: tried without touching the disk, kept by a new login.

The change is staged below /run and put in force from there. Before that, the host arms a timer of
its own that puts the old state back. Only a new login from the controller stops the timer and puts
the files where they belong. So whatever happens in between (nobody gets in, the controller dies,
the host is rebooted) ends with the old state, by itself.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import gevent
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import ConnectError
from pyinfra.connectors.util import CommandOutput, OutputLine

from deploys.operations import file_set, staging
from deploys.operations.file_set import Difference

if TYPE_CHECKING:
    from pyinfra.api.arguments import ConnectorArguments
    from pyinfra.api.host import Host
    from pyinfra.api.state import State

MARGIN = 10
"""Seconds that the keeping command may still take, after the controller's patience has ended."""


def directory(key: str) -> str:
    """Where a host keeps what it tries; it is there as long as a trial is under way, or died."""
    return f"/run/tracseq/trial-{key}"


def tried(
    key: str,
    changes: Difference,
    validate: str,
    attempt: Sequence[str],
    undo: Sequence[str],
    keep: Sequence[str],
    patience: float,
    prepare: Sequence[str] = (),
) -> Iterator[StringCommand]:
    """
    Try a change, and keep it only over a new login.

    All shell lines find the staged files below ``$stage/new``; what they leave in ``$stage`` is
    gone after the trial.

    + key: what is tried: the name of the trial, of its timer and of its lock
    + changes: the files that change
    + validate: command that refuses a bad set; it sees the files where they will be
    + prepare: lines that note what ``undo`` needs
    + attempt: lines that put the staged files in force
    + undo: lines that put in force again what was before; they must work at any point of the trial
    + keep: lines that put what is then on disk in force, now and at boot
    + patience: seconds that the new login may take
    """
    content = file_set.archive(changes.write)
    trial = hashlib.sha256("\n".join((content, *changes.remove)).encode()).hexdigest()[:16]
    locked = [
        "set -eu",
        "umask 022",
        "mkdir -p /run/tracseq && chmod 755 /run/tracseq",
        f"exec 9>/run/tracseq/{key}.lock",
        "flock 9",
        f"stage={directory(key)}",
    ]
    undone = '[ ! -e "$stage/undo" ] || sh "$stage/undo"'
    within = math.ceil(patience) + MARGIN
    started = [
        *locked,
        # Of a run that died within its trial; its end is not waited for.
        undone,
        'rm -rf "$stage" && mkdir -m 700 "$stage" "$stage/new"',
        "trap 'rm -rf \"$stage\"' EXIT",
        'base64 -d | tar -x --same-owner --same-permissions -C "$stage/new"',
        *staging.validated(changes, validate),
        *prepare,
        "cat > \"$stage/undo\" <<'UNDO'",
        f"stage={directory(key)}",
        'timer=$(cat "$stage/timer").timer',
        *undo,
        'rm -rf "$stage"',
        'systemctl stop "$timer" || true',
        "UNDO",
        f'echo {trial} > "$stage/trial"',
        # A name of its own, because systemd may still know the timer of an earlier trial.
        f"timer=tracseq-{key}-undo-$(cut -c1-8 /proc/sys/kernel/random/uuid)",
        'echo "$timer" > "$stage/timer"',
        # Again and again until the undoing has come to its end and stops the timer. Words only:
        # when systemd reloads it reads its own line anew, and not every version can.
        f"systemd-run --quiet --collect --unit=$timer --on-active={within}s --on-unit-inactive=5s"
        " --timer-property=AccuracySec=100ms"
        f" flock /run/tracseq/{key}.lock sh {directory(key)}/undo",
        "trap '[ $? -eq 0 ] || sh \"$stage/undo\" >&2' EXIT",
        *attempt,
    ]
    kept = [
        *locked,
        f'if [ "$(cat "$stage/trial" 2>/dev/null)" != {trial} ]; then',
        f'  echo "The new login came too late: the host has undone the trial of {key}." >&2',
        "  exit 1",
        "fi",
        *staging.in_place(changes),
        *keep,
        'systemctl stop "$(cat "$stage/timer").timer"',
        'rm -rf "$stage"',
    ]
    yield StringCommand(*started, _separator="\n", _stdin=content)
    yield NewLogin(
        "\n".join(kept),
        patience,
        f"The host puts the old state of {key} back by itself, within {within} s of the change. "
        "On its disk nothing has changed.",
    )


class NewLogin(StringCommand):
    """
    A command that goes over a connection of its own: it succeeds only where a new login does.

    The connection is made as pyinfra made the one of the run, with the host's own data.

    + command: the shell command
    + patience: seconds that the login may take
    + otherwise: what happens where none comes, for the error
    """

    def __init__(self, command: str, patience: float, otherwise: str) -> None:
        super().__init__(command)
        self.patience = patience
        self.otherwise = otherwise

    def execute(self, state: State, host: Host, connector_arguments: ConnectorArguments) -> tuple[bool, CommandOutput]:
        connector: Any = type(host.connector)(state, host)
        try:
            if refusal := self._refusal(connector):
                message = (
                    f"{host.name}: no new login within {self.patience:g} s after the change"
                    f" ({refusal}). {self.otherwise}"
                )
                return False, CommandOutput([OutputLine("stderr", message)])
            result: tuple[bool, CommandOutput] = connector.run_shell_command(
                self,
                print_output=state.print_output,
                print_input=state.print_input,
                **connector_arguments,
            )
            return result
        finally:
            if client := getattr(connector, "client", None):
                client.close()

    def _refusal(self, connector: Any) -> str | None:
        """Log in; why that was not possible, or None where it was."""
        refusal = "no answer"
        end = time.monotonic() + self.patience
        while (left := end - time.monotonic()) > 0:
            # Without an exception: paramiko would take a TimeoutError for its socket's.
            with gevent.Timeout(left, False):
                try:
                    connector.connect()
                    return None
                except ConnectError as error:
                    refusal = str(error)
            gevent.sleep(min(1, left))
        return refusal
