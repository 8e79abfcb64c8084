"""What a bundle is made of, as CycloneDX says it: each wheel by name, version and hash."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.utils import parse_wheel_filename

OWN = "tracseq-gateway"
"""The gateway itself; everything else is what it needs."""


def bill(archive: Path) -> str:
    """
    A bill of materials (CycloneDX 1.5, JSON); the same for the same archive, without a time or a number of its own.

    Args:
        archive: of wheels, as ``wheels.bundle()`` makes it
    """
    parts = list(_parts(archive))
    own = next(part for part in parts if part["name"] == OWN)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**own, "type": "application"}},
        "components": [part for part in parts if part is not own],
    }
    return json.dumps(document, indent=2) + "\n"


def _parts(archive: Path) -> Iterator[dict[str, Any]]:
    with tarfile.open(archive) as tar:
        for entry in tar:
            file = tar.extractfile(entry)
            if file is None or not entry.name.endswith(".whl"):
                continue
            name, version, _, _ = parse_wheel_filename(entry.name)
            purl = f"pkg:pypi/{name}@{version}"
            yield {
                "type": "library",
                "bom-ref": purl,
                "name": str(name),
                "version": str(version),
                "purl": purl,
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(file.read()).hexdigest()}],
            }
