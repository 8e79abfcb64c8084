"""What only the command line can give, by ``--data key=value``: it holds for one run, and is no state of a site."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, ValidationError, model_validator
from pyinfra.api.exceptions import PyinfraError

from deploys.settings.data import Data, value
from deploys.settings.phases import numbered


def moment(given: Any) -> Any:
    """A moment with its zone, as people and Postgres write it: ``2026-11-23 14:00:00+01:00``, ``…+01``, ``… UTC``."""
    try:
        return datetime.fromisoformat(given.replace(" UTC", "+00:00"))
    except (AttributeError, ValueError):
        return given


Text = Annotated[str, BeforeValidator(lambda given: str(given) if isinstance(given, (int, float)) else given)]
"""A text, which pyinfra gives as a number where it looks like one."""

Moment = Annotated[AwareDatetime, BeforeValidator(moment)]


class OfRun(Data):
    """Values of one run."""

    break_lock: str | None = value("name of the run whose lock is broken, as the refused run says it", default=None)
    to: str | None = value("name of the host that is to be the primary", default=None)
    force: bool = value(
        "whether what only a vanished primary has may be lost; of an upgrade of Postgres and of a downgrade of the "
        "gateways' tables, whether it needs no backup; of one of the hosts, whether it goes on where the site is not "
        "well; of maintenance, that too, and where nobody does meanwhile what the host does; of a rollback, whether a "
        "release goes of which nobody knows which migrations it needs",
        default=False,
    )
    phase: Annotated[int | None, BeforeValidator(numbered)] = value(
        "phase up to which a site is deployed, each checked before the next: 1 core, 2 enhanced, 3 monitoring, 4 "
        "hardening; None: all of it at once",
        default=None,
    )
    back: bool = value("whether a host that is out for maintenance is put back", default=False)
    hours: float | None = value(
        "hours for which nobody is told of the absence of a host that is out for maintenance; None: 4, or as before",
        default=None,
        gt=0,
        le=720,
    )
    why: Text | None = value("why a host is out for maintenance, for those who see that it is", default=None)
    reboot: bool = value(
        "whether every host is booted, one after the other, also those that wait for no boot", default=False
    )
    restart: bool = value("whether Postgres is restarted for settings that wait for it", default=False)
    release: Annotated[str, BeforeValidator(str)] | None = value(
        "release of the gateways to go back to, or the commit that it was installed from; None: the one before",
        default=None,
        min_length=7,
    )
    former: str | None = value("name of the former primary that comes back as a replica", default=None)
    anew: bool = value("whether a former primary is copied anew although pg_rewind could do it", default=False)
    to_time: Moment | None = value("moment that a restore goes back to, with its zone", default=None)
    to_point: str | None = value(
        "name of a restore point, to make or to go back to", default=None, pattern=r"^[A-Za-z0-9_.-]{1,63}$"
    )
    to_timeline: int | None = value("timeline whose history a restore follows; None: the newest", default=None, ge=1)
    switch: bool = value("whether a restored cluster takes the place of the one that runs", default=False)
    backup_date: Moment | None = value("moment that a whole site goes back to; None: all that is kept", default=None)
    host: Text | None = value("name of the host whose identity is revoked", default=None)
    undo: bool = value("whether hosts send to the addresses of a revoked host again", default=False)
    keep_passphrase_file: str | None = value("file with the passphrase for deploys/keep.py", default=None)

    since: Text | None = value("moment from which logs are shown, as systemd.time(7) has it", default=None)
    grep: Text | None = value("pattern that shown logs have, as journalctl takes it", default=None)
    unit: Text | None = value("unit whose logs are shown", default=None)
    of_host: Text | None = value("name of the host whose logs are shown", default=None)
    request: Text | None = value(
        "id of a request or a trace whose logs are shown", default=None, pattern=r"^[A-Za-z0-9_.-]{8,128}$"
    )

    @model_validator(mode="after")
    def _one_goal(self) -> OfRun:
        goals = [name for name in ("to_time", "to_point", "backup_date") if getattr(self, name) is not None]
        if len(goals) > 1:
            raise ValueError(f"{' and '.join(goals)} were given: a restore goes back to one thing")
        if self.switch and goals:
            raise ValueError(f"switch takes what was restored before, and {goals[0]} restores something else")
        if self.request and (self.grep or self.unit):
            raise ValueError("request shows all that any host wrote of it: leave out grep and unit")
        return self


def of_run(given: Mapping[str, Any]) -> OfRun:
    """
    The values of one run.

    Args:
        given: what the command line gave

    Raises:
        PyinfraError: with a sentence for each that is wrong.
    """
    try:
        return OfRun.model_validate(given)
    except ValidationError as error:
        wrong = [
            f"--data {'.'.join(str(part) for part in one['loc'])}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        ]
        raise PyinfraError(f"{'; '.join(wrong)}. No host was touched.") from None


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
