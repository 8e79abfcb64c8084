"""A site that is deployed by phases: one that is not well is the end of the run, and no later phase has begun."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import lab
from tests.inventory import group
from tests.ledger import SERVICE

pytestmark = pytest.mark.long
ANSWERS = "tracseq-test-service"
LEFT = "left-behind"


@pytest.fixture(autouse=True)
def service() -> Iterator[None]:
    """The service that the site's data names: without it no request with a token is answered."""
    lab.ssh(
        SERVICE,
        f"systemctl stop {ANSWERS} 2>/dev/null; systemd-run --quiet --collect --unit={ANSWERS} "
        "python3 -m http.server 8081",
    )
    yield
    lab.ssh(SERVICE, f"systemctl stop {ANSWERS}", check=False)


def test_what_is_not_well_after_a_phase_ends_the_run() -> None:
    (redis, *_) = group("redis", lab.INVENTORY)
    lab.ssh(redis.name, f"systemd-run --quiet --unit={LEFT} false; true")
    try:
        run = lab.site("--data", "phase=2")
    finally:
        lab.ssh(redis.name, f"systemctl reset-failed {LEFT}")
    assert run.code != 0
    assert f"Phase 1, core, is not well, and the run ends with it. {LEFT}.service failed." in run.output
    assert redis.name in run.output
    assert f"journalctl -u {LEFT}.service" in run.output
    assert "Phase 2, enhanced: all its criteria are met" not in run.output


def test_a_service_that_does_not_answer_is_found_by_the_phase_of_the_gateways() -> None:
    lab.ssh(SERVICE, f"systemctl stop {ANSWERS}", check=False)
    run = lab.site("--data", "phase=2")
    assert run.code != 0
    assert "Phase 1, core: all its criteria are met." in run.output
    assert "A request with a token is not answered by the service sample." in run.output


def test_a_site_that_is_well_passes_all_phases_and_nothing_changes() -> None:
    run = lab.site("--data", "phase=4")
    assert run.code == 0, run.output
    for phase in ("1, core", "2, enhanced", "3, monitoring", "4, hardening"):
        assert f"Phase {phase}: all its criteria are met." in run.output
    assert run.changes == {}
