"""What only the command line can give, by ``--data key=value``: it holds for one run, and is no state of a site."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Mapping
from typing import Any

from deploys.settings.data import Data, value


class OfRun(Data):
    """Values of one run."""

    break_lock: str | None = value("name of the run whose lock is broken, as the refused run says it", default=None)
    to: str | None = value("name of the host that is to be the primary", default=None)
    force: bool = value("whether what only a vanished primary has may be lost", default=False)
    restart: bool = value("whether Postgres is restarted for settings that wait for it", default=False)
    former: str | None = value("name of the former primary that comes back as a replica", default=None)
    anew: bool = value("whether a former primary is copied anew although pg_rewind could do it", default=False)
    keep_passphrase_file: str | None = value("file with the passphrase for deploys/keep.py", default=None)


def of_run(given: Mapping[str, Any]) -> OfRun:
    """
    The values of one run.

    Args:
        given: what the command line gave
    """
    return OfRun.model_validate(given)


def operator() -> str:
    """Who runs this: the user, also behind sudo."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


def misplaced(given: Iterable[Mapping[str, Any]], command_line: Mapping[str, Any]) -> list[str]:
    """A sentence for each value of one run that group_data or the inventory holds."""
    given = list(given)
    return [
        f"{key} is for one run: give it on the command line (--data {key}=…), not in group_data or the inventory."
        for key in OfRun.model_fields
        if any(key in data for data in given) and key not in command_line
    ]
