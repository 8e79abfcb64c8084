"""
Brings the second place up to date: the repository as it is, encrypted as it is.

What is new goes there each time. What is gone here goes there only once all of the repository was
verified since: a repository that was emptied or damaged is not copied over a good one.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

from tracseq_backup import pgbackrest, record
from tracseq_backup.settings import load

CREDENTIALS = Path("/etc/tracseq/backup")


def verb(last: dict[str, Any], verification: dict[str, Any]) -> str:
    """
    Whether what is gone here may go there, too.

    Args:
        last: the record of the last copy
        verification: the record of the last verification
    """
    well = verification.get("result") == "well" and verification.get("at", 0.0) > last.get("pruned", 0.0)
    return "sync" if well else "copy"


def rclone(what: str, source: str, target: str) -> str | None:
    """
    Copy, or synchronise; why that failed, or None.

    Args:
        what: ``copy``, or ``sync``, which deletes at the target what is not at the source
        source, target: a directory of this host, or ``second:`` and one of the second place
    """
    environment = dict(os.environ)
    password = CREDENTIALS / "sftp_password"
    if password.is_file():
        given = password.read_text().strip()
        hidden = subprocess.run(["rclone", "obscure", "-"], input=given, capture_output=True, text=True, check=True)
        environment["RCLONE_CONFIG_SECOND_PASS"] = hidden.stdout.strip()
    done = subprocess.run(
        ["rclone", f"--config={CREDENTIALS}/rclone.conf", what, source, target,
         "--exclude=*.pgbackrest.tmp", "--skip-links", "--timeout=60s"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=False,
    )  # fmt: skip
    print(done.stdout, end="", flush=True)
    return None if done.returncode == 0 else f"The second place was not reached: {pgbackrest.reason(done.stdout)}"


def main() -> None:
    """Copy once."""
    settings, began, last = load(), time.time(), record.read("copy")
    what = verb(last, record.read("verification"))
    problem = rclone(what, settings.repository, f"second:{settings.second_place}")
    record.write(
        "copy",
        {
            "result": "failed" if problem else "well",
            "problems": [problem] if problem else [],
            "seconds": time.time() - began,
            "succeeded": last.get("succeeded", 0.0) if problem else time.time(),
            "pruned": began if what == "sync" and not problem else last.get("pruned", 0.0),
        },
    )
    record.fail([problem] if problem else [])


if __name__ == "__main__":
    main()
