"""
Look for secrets in the files that git keeps.

    python -m workflow.secrets

What looks like one and is none (the tests' own passwords) is listed, by its hash, in .secrets.baseline.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
BASELINE = ".secrets.baseline"
LINES_MOVED = 3
"""How detect-secrets-hook ends where it found nothing new, but wrote known ones' new line numbers down."""


def scan(directory: Path) -> int:
    """
    Scan the files that git keeps in a directory, and say what was found.

    + directory: the top of a repository with a baseline

    Returns:
        0 without findings, 1 with some.
    """
    kept = subprocess.run(["git", "ls-files", "-z"], cwd=directory, capture_output=True, text=True, check=True).stdout
    files = [name for name in kept.split("\0") if name and name != BASELINE]
    # Found is what looks like a secret; whether it opens anything is not asked of the service it belongs to.
    command = [str(BIN / "detect-secrets-hook"), "--no-verify", "--baseline", BASELINE, *files]
    ended = subprocess.run(command, cwd=directory, check=False, stdin=subprocess.DEVNULL).returncode
    if ended in (0, LINES_MOVED):
        return 0
    print(
        "\nThese look like secrets. Take them out, and change what they open: git keeps what was committed once.\n"
        "What is none is told apart by a comment `pragma: allowlist secret` in its line, or, where all of it is none,"
        " by: make secrets-known"
    )
    return 1


if __name__ == "__main__":
    sys.exit(scan(Path()))
