"""What one service of the platform more costs a run that has nothing to change."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.measure import median, site, spread
from tests.bench.rows import Row, interleaved
from tests.inventory import group

PROGRAM = Path("tests/scenarios/services/stranger.py")
FEW, MANY = 1, 10
FIRST_PORT = 8100
EACH = 10.0
"""Milliseconds that each may cost."""


def measured(inventory: str, repeat: int) -> list[Row]:
    """
    A host with one service, beside one of the same kind with ten. Each is deployed by itself, with a catalogue of its
    own, so that what the controller does for each service counts, too.

    Args:
        inventory: of the machines; two of its gateways get services
        repeat: how often each is measured
    """
    few, many = (host.name for host in group("gateways", inventory)[-2:])
    runs = {name: _arguments(name, number) for name, number in ((few, FEW), (many, MANY))}
    for arguments in runs.values():
        site(inventory, *arguments)
    taken = interleaved(repeat, {name: partial(site, inventory, *given) for name, given in runs.items()})
    print(f"    {FEW} service, {MANY} services: {spread(taken[few])}, {spread(taken[many])}")
    each = (median(taken[many]).seconds - median(taken[few]).seconds) / (MANY - FEW) * 1000
    for name in runs:
        site(inventory, "--limit", name)
    return [Row("nothing to change: each service more", EACH, each, 1.0, median(taken[many]), unit=" ms")]


def _arguments(host: str, number: int) -> list[str]:
    return ["--limit", host, "--data", f"services={json.dumps(dict(_catalogue(host, number)))}"]


def _catalogue(host: str, number: int) -> list[tuple[str, dict[str, Any]]]:
    digest = hashlib.sha256(PROGRAM.read_bytes()).hexdigest()
    source = {"type": "program", "file": str(PROGRAM), "sha256": digest}
    return [
        (name, {"source": source, "hosts": [host], "port": FIRST_PORT + place, "gateway": False})
        for place, name in enumerate("abcdefghijklmnop"[:number])
    ]
