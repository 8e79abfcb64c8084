"""How a run goes is data too."""

from __future__ import annotations

from tests.plan.conftest import PlannedCopy


def test_batches_by_data(copy: PlannedCopy) -> None:
    for batch, code in (("2", 0), ("0", 1)):
        run = copy.plan("--data", f"batch={batch}")
        assert run.code == code, run.output
