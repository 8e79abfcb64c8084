"""A minute of everything that can go wrong at once; ``make soak`` takes ten."""

import asyncio

import pytest
from soak.run import soak

SECONDS = 60


@pytest.mark.timeout(240)
def test_a_soak_finds_nothing() -> None:
    assert asyncio.run(soak(SECONDS, print)) == []
