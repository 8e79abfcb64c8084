"""Every scenario begins with the lab's site as it should be."""

from __future__ import annotations

import pytest

from tests import lab


@pytest.fixture(scope="module", autouse=True)
def site_as_it_should_be() -> None:
    """Whatever an earlier scenario left, each module begins with a site that has nothing to change."""
    lab.up()
    run = lab.site()
    assert run.code == 0, run.output
