"""Where the gateway's release of this repository comes from: what a host keeps with it, to say so later."""

from __future__ import annotations

import json
import subprocess
from functools import cache

from deploys.controller import wheels
from deploys.controller.releases.migrations import migrations


def record() -> str:
    """What a host keeps with a release, as a line of JSON: its source, commit and migrations."""
    return json.dumps({"source": wheels.source(), "commit": commit(), "migrations": dict(migrations())})


@cache
def commit() -> str:
    """The commit of this repository, with ``+`` where the gateway's files are not those of it; empty without git."""
    found = _git("rev-parse", "--short=12", "HEAD")
    if not found:
        return ""
    return f"{found}+" if _git("status", "--porcelain", "--", str(wheels.SOURCE)) else found


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
