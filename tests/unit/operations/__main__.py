"""Writes what the operations do today into their cases: what changed is then seen with ``git diff``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.unit.operations import outcome
from tests.unit.operations.case import all_cases


def main(arguments: list[str]) -> int:
    """Write, where it is asked for with ``--write``; say otherwise how to ask."""
    if arguments != ["--write"]:
        print("python -m tests.unit.operations --write    writes what the operations do today into their cases")
        return 2
    for case in all_cases():
        with tempfile.TemporaryDirectory() as directory:
            found = outcome.of(case, Path(directory))
        if found != case.expected:
            case.write(found)
            print(f"{case.path.relative_to(Path.cwd())}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
