"""A connection that writes down what it executes, so that the floor can do the very same reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from paramiko import Channel

from deploys.engine.connection import Connection

FILE = Path(".state/bench/executed")


class Recording(Connection):
    """A connection whose commands are appended to ``FILE``, one a line, each with the host's address."""

    def open_session(self, *arguments: Any, **options: Any) -> Channel:
        channel = super().open_session(*arguments, **options)
        execute = channel.exec_command

        def noted(command: Any) -> None:
            with FILE.open("a") as file:
                file.write(json.dumps([self.getpeername()[0], str(command)]) + "\n")
            execute(command)

        channel.exec_command = noted  # type: ignore[method-assign]
        return channel


def recording(sock: Any, **options: Any) -> Recording:
    """What paramiko is to make a connection with, in place of the site's own."""
    return Recording(sock, **options)
