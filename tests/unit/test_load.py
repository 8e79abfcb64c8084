"""What h2load notes of requests becomes the times that are judged."""

from __future__ import annotations

import pytest

from tests.load import parsed


def test_times_and_failures() -> None:
    rows = [(1_000_000 + 10_000 * number, 200, 1000 * (number + 1)) for number in range(100)]
    rows[7] = (rows[7][0], 502, 5)
    rows[8] = (rows[8][0], -1, 5)
    log = "\n".join("\t".join(map(str, row)) for row in rows)
    found = parsed(log, asked=101)
    assert found.failed == 3, "one was never answered"
    assert found.rate == pytest.approx(100, rel=0.02)
    assert found.within(1.0) == pytest.approx(0.1)
    assert found.within(0.5) == pytest.approx(0.052)
    assert "p95 96 ms" in str(found)
    assert parsed("", asked=5).failed == 5
