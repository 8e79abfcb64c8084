"""
What it costs that every wire is encrypted: processor time for a request, beside the same site in plain text.

    make bench-encryption        on the lab, which changes over and back a few times; some five minutes
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys

from tests import lab, rate
from tests.bench.monitoring import row, used
from tests.inventory import group

ENCRYPTED = "inventories/lab_encrypted.py"
UNITS = {"load_balancers": "nginx", "gateways": "tracseq-gateway", "redis": "redis-server"}
GOAL = 1.25


def of_request(at: int, seconds: int) -> dict[str, float]:
    """Microseconds of a processor that a request takes, by kind of host."""

    def taken() -> dict[str, float]:
        return {kind: sum(used(host.name, unit)[0] for host in group(kind)) for kind, unit in UNITS.items()}

    before = taken()
    answered, failed = asyncio.run(rate.load(at, seconds))
    assert not failed, f"{failed} requests failed: what they cost is not comparable"
    return {kind: 1e6 * (after - before[kind]) / len(answered) for kind, after in taken().items()}


def main() -> int:
    """Measure both in turn, and print what each kind of host takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=300, help="requests a second")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=3, help="how often the site changes over")
    arguments = parser.parse_args()
    rate.serve()
    # Gateways leave out for a while what did not answer.
    lab.eventually(lambda: asyncio.run(rate.load(20, 1))[1] == 0, within=240)
    found: dict[str, list[dict[str, float]]] = {lab.INVENTORY: [], ENCRYPTED: []}
    try:
        for _ in range(arguments.repeat):
            for inventory, costs in found.items():
                run = lab.site(inventory=inventory)
                assert run.code == 0, run.output
                # Connections are kept from one request to the next: what makes them is no part of it.
                of_request(arguments.rate, 3)
                costs += [of_request(arguments.rate, arguments.seconds) for _ in range(2)]
    finally:
        lab.site()
        rate.serve_no_more()
    plain, encrypted = (
        {kind: statistics.median(one[kind] for one in costs) for kind in UNITS} for costs in found.values()
    )
    for kind in UNITS:
        print(f"    {kind:<52} {plain[kind]:>9.0f} to {encrypted[kind]:.0f} µs", flush=True)
    ratio = sum(encrypted.values()) / sum(plain.values())
    row("a request, of all of them", f"{ratio:.2f} times", f"{GOAL} times", ratio <= GOAL)
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
