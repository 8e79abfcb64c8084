"""Runs a soak and prints what it found: ``python gateway/soak [--seconds 600]``; status 1 where it found anything."""

import argparse
import asyncio
import sys
from collections import Counter
from pathlib import Path

GATEWAY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(GATEWAY), str(GATEWAY / "tests")]

from soak.run import soak


def main() -> int:
    """Run and return the exit status."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long the load lasts")
    faults = asyncio.run(soak(parser.parse_args().seconds, print))
    for fault, count in Counter(faults).most_common():
        print(f"{count} times: {fault}")
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
