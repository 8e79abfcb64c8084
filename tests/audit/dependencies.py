"""
Ask a vulnerability service about every package that a lock file names.

    .venv-audit/bin/python tests/audit/dependencies.py

It ends with 1 where a package has a known fault, and with 2 where the service cannot be reached or, as a mirror of
PyPI does, knows nothing of a package.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
FOUND, NOT_AUDITED = 1, 2
OF_PYTHON_SERVER = "of Chroma's server in Python; a scenario runs that in Rust (chroma run), behind a guard"
ACCEPTED = {
    "CVE-2026-45829": OF_PYTHON_SERVER,
    "CVE-2026-45833": OF_PYTHON_SERVER,
    "GHSA-2wm9-hf6c-p5cr": OF_PYTHON_SERVER,
    "GHSA-xph7-9rjv-w5fr": OF_PYTHON_SERVER,
}
"""Faults for which there is no release that mends them, and why they do no harm here."""


def locks() -> list[Path]:
    """The lock files of this repository."""
    kept = subprocess.run(["git", "ls-files", "*.lock"], capture_output=True, text=True, check=True).stdout
    return [Path(line) for line in kept.splitlines()]


def audit(lock: Path, options: Sequence[str]) -> int:
    """
    Audit one lock file and print a line for each known fault.

    Args:
        lock: every package with its version and hashes
        options: more of pip-audit's own, such as another service

    Returns:
        0, FOUND or NOT_AUDITED.
    """
    # The lock is what is asked about: nothing is resolved or installed for it.
    command = [
        str(BIN / "pip-audit"), "--disable-pip", "--require-hashes", f"--requirement={lock}",
        "--format=json", "--progress-spinner=off", *options,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        reason = done.stderr.strip().splitlines()[-1:] or ["pip-audit said nothing"]
        print(f"{lock}: not audited. {reason[0]}")
        return NOT_AUDITED
    unknown = [package for package in packages if "skip_reason" in package]
    if unknown:
        print(f"{lock}: not audited. The service does not know {len(unknown)} of {len(packages)} packages:")
        print(f"    {unknown[0]['skip_reason']}")
        return NOT_AUDITED
    faults = [(package, fault) for package in packages for fault in package["vulns"]]
    known = [(package, fault) for package, fault in faults if not accepted(fault)]
    for package, fault in faults:
        if why := accepted(fault):
            print(f"{lock}: {package['name']} {package['version']} has {fault['id']}: {why}")
    for package, fault in known:
        mended = ", ".join(fault["fix_versions"]) or "no release yet"
        print(f"{lock}: {package['name']} {package['version']} has {fault['id']}, mended in {mended}")
    print(f"{lock}: {len(packages)} packages, {len(known)} known faults")
    return FOUND if known else 0


def accepted(fault: Mapping[str, Any]) -> str | None:
    """Why a fault does no harm here; None where it may, or where a release mends it."""
    reasons = [ACCEPTED[name] for name in (fault["id"], *fault.get("aliases", ())) if name in ACCEPTED]
    return reasons[0] if reasons and not fault["fix_versions"] else None


def main(options: Sequence[str]) -> int:
    """Audit every lock file; stop at the first for which there is no service."""
    worst = 0
    for lock in locks():
        ended = audit(lock, options)
        if ended == NOT_AUDITED:
            print("An audit needs PyPI's own vulnerability service, not a mirror's: run it where the internet is.")
            return NOT_AUDITED
        worst = max(worst, ended)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
