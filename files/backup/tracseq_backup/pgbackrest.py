"""pgBackRest, and the rooms in which it runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tracseq_backup.settings import Settings

SPOKEN = re.compile(r"P\d\d +[A-Z]+:")
"""How each thing begins that pgBackRest says; what does not begin so belongs to the one before."""
LOCKS = "/run/tracseq-backup"
UNREADABLE = 99
"""How ``info`` says that a stanza is which it cannot read."""
OWN_PROGRAMS = Path(__file__).parent.parent
SANDBOX = (
    "CapabilityBoundingSet=", "LockPersonality=yes", "MemoryDenyWriteExecute=yes", "NoNewPrivileges=yes",
    "PrivateDevices=yes", "PrivateTmp=yes", "ProtectClock=yes", "ProtectControlGroups=yes", "ProtectHome=yes",
    "ProtectHostname=yes", "ProtectKernelLogs=yes", "ProtectKernelModules=yes", "ProtectKernelTunables=yes",
    "ProtectProc=invisible", "ProtectSystem=strict", "RestrictNamespaces=yes", "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes", "SystemCallArchitectures=native", "SystemCallFilter=@system-service",
    "UMask=0027",
)  # fmt: skip


def command(settings: Settings, *arguments: str) -> list[str]:
    """A command line of pgBackRest for the site's stanza."""
    return ["pgbackrest", f"--stanza={settings.stanza}", *arguments]


def sealed(settings: Settings) -> list[str]:
    """What no backup may write to: the WAL, the state of services, and each complete backup there is."""
    root = Path(settings.repository)
    # archive.info beside the WAL is written anew by each backup; a copy of it is kept elsewhere.
    archive = sorted(path for path in (root / "archive" / settings.stanza).glob("*") if path.is_dir())
    others = sorted(path for path in root.iterdir() if path.is_dir() and path.name not in ("archive", "backup"))
    sets = sorted((root / "backup" / settings.stanza).glob("*/backup.manifest"))
    return [str(path) for path in (*archive, *others, *(manifest.parent for manifest in sets))]


def room(
    settings: Settings,
    line: Sequence[str],
    network: bool,
    writable: Sequence[str],
    read_only: Sequence[str] = (),
    hidden: Sequence[str] = (),
) -> list[str]:
    """
    The command line that runs another in a room of its own, as the repository's user.

    Args:
        settings: of this host
        line: the command line
        network: whether it may open connections
        writable: the only directories that it may write to
        read_only: those below them that it may not
        hidden: paths that it may not even look into
    """
    properties = [f"User={settings.user}", f"Group={settings.user}", *SANDBOX]
    properties += [f"ReadWritePaths={path}" for path in writable]
    properties += [f"ReadOnlyPaths={path}" for path in read_only]
    properties += [f"InaccessiblePaths=-{path}" for path in hidden]
    if not network:
        properties.append("PrivateNetwork=yes")
    if unit := _own_unit():
        properties.append(f"PartOf={unit}")
    options = [f"--property={one}" for one in properties]
    return ["systemd-run", "--quiet", "--wait", "--collect", "--pipe", "--service-type=exec", *options, "--", *line]


def program(name: str, *arguments: str) -> list[str]:
    """The command line of another of these programs, for a room."""
    return ["env", f"PYTHONPATH={OWN_PROGRAMS}", "PYTHONDONTWRITEBYTECODE=1", "python3", "-m",
            f"tracseq_backup.{name}", *arguments]  # fmt: skip


def _own_unit() -> str:
    """The unit that this program runs in, where it is a service: what it started ends when that is stopped."""
    name = Path("/proc/self/cgroup").read_text().strip().rpartition("/")[2]
    return name if name.endswith(".service") and "INVOCATION_ID" in os.environ else ""


def run(line: Sequence[str], timeout: float | None = None) -> tuple[int, str]:
    """How a command ended, and all that it said; what it says is shown, too."""
    done = subprocess.run(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False
    )
    print(done.stdout, end="", flush=True)
    return done.returncode, done.stdout


def reason(output: str) -> str:
    """What a program says went wrong, in one line: pgBackRest's error with what follows it, or else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for place, line in enumerate(lines):
        if (at := line.find("ERROR:")) >= 0:
            more = [one for one in lines[place + 1 : place + 3] if not SPOKEN.match(one)]
            return " ".join([line[at:], *more])
    return lines[-1] if lines else "it said nothing"


def info(settings: Settings, number: int = 1) -> dict[str, Any]:
    """What a repository says it holds."""
    done = subprocess.run(
        command(settings, f"--repo={number}", "--output=json", "info"),
        capture_output=True,
        text=True,
        # Where it cannot decrypt something, it shows it.
        errors="replace",
        timeout=600,
        check=False,
    )
    if done.returncode:
        raise OSError(reason(done.stderr or done.stdout))
    found: list[dict[str, Any]] = json.loads(done.stdout, strict=False)
    return found[0] if found else {}


def of_newest(found: dict[str, Any]) -> dict[str, Any]:
    """
    What a repository holds of the site's Postgres as it is: of the version before an upgrade it keeps more.

    Args:
        found: what ``info()`` returned
    """
    if not found.get("db"):
        return found
    newest = found["db"][-1]["id"]
    parts = ("archive", "backup")
    return found | {part: [one for one in found.get(part, []) if one["database"]["id"] == newest] for part in parts}


def archive(found: dict[str, Any]) -> str:
    """
    The directory of the archive with the WAL of the site's Postgres as it is.

    Args:
        found: what ``info()`` returned
    """
    newest = found["db"][-1]
    return f"{newest['version']}-{newest['id']}"
