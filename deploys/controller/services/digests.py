"""Digests of files of this machine, which are read again only once they have changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

CACHE = Path(".cache/services")
KNOWN = CACHE / "digests.json"


def of(path: Path) -> str:
    """
    The SHA-256 of a file, hexadecimal.

    Args:
        path: of the file

    Raises:
        OSError: where it cannot be read.
    """
    found = path.stat()
    # No one but the kernel sets the time of a change (ctime), whatever becomes of the others.
    state = [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    key = str(path.resolve())
    known = _known()
    if known.get(key, {}).get("state") == state:
        return str(known[key]["sha256"])
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    CACHE.mkdir(parents=True, exist_ok=True)
    partial = KNOWN.with_suffix(".partial")
    partial.write_text(json.dumps({**_known(), key: {"state": state, "sha256": digest}}))
    partial.rename(KNOWN)
    return digest


def _known() -> dict[str, dict[str, object]]:
    try:
        found: dict[str, dict[str, object]] = json.loads(KNOWN.read_text())
    except (OSError, ValueError):
        return {}
    return found
