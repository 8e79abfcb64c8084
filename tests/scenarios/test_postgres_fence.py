"""A former primary that comes back takes no write, however it comes back; and a primary does not wait for the dead."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import lab
from tests.scenarios import postgres
from tests.scenarios.postgres import Pair, ask, said, state, written_to_by_gateways

VERSION = "$(ls /etc/postgresql | grep -E '^[0-9]+$')"
RELEASE, CLUSTER = f"tracseq-fence release {VERSION}-main", f"{VERSION} main"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with postgres.kept() as found:
        yield found


def test_a_dead_replica_does_not_keep_the_primary_from_starting(pair: Pair) -> None:
    lab.pull_the_plug(pair.replica)
    lab.reboot(pair.primary)
    lab.eventually(lambda: state(pair.primary) == "active", within=60)
    ask(pair.primary, "create table if not exists after_the_power_cut ()")
    lab.up(pair.replica)
    lab.eventually(lambda: postgres.follows(pair), within=60)


def test_a_primary_that_reaches_nobody_stays_locked_says_so_and_can_be_released(pair: Pair) -> None:
    lab.isolate(pair.primary, at_boot=True)
    lab.reboot(pair.primary)
    lab.eventually(lambda: "Locked: none of the other hosts could be asked" in said(pair.primary), within=60)
    assert state(pair.primary) == "activating"
    assert lab.ssh(pair.primary, "ss -Hltn 'sport = :5432'") == "", "it has clients"
    told = lab.ssh(pair.primary, f"{RELEASE} 2>&1", check=False)
    assert "both will take writes, and what one of them took will be lost" in told
    assert state(pair.primary) == "activating", "it was released without having been asked twice"
    lab.ssh(pair.primary, f"{RELEASE} --accept-two-primaries")
    lab.eventually(lambda: state(pair.primary) == "active", within=30)


def test_a_locked_primary_starts_as_soon_as_anybody_answers(pair: Pair) -> None:
    lab.reboot(pair.primary)
    lab.eventually(lambda: state(pair.primary) == "activating" and "Locked" in said(pair.primary), within=60)
    lab.connect(pair.primary)
    lab.eventually(lambda: state(pair.primary) == "active", within=60)
    lab.eventually(lambda: postgres.follows(pair), within=60)


def test_a_primary_that_was_cut_off_stops_when_it_hears_of_a_promotion(pair: Pair) -> None:
    lab.isolate(pair.primary)
    ask(pair.replica, "select pg_promote()")
    ask(pair.replica, "create table written_by_the_new_one ()")
    lab.eventually(lambda: written_to_by_gateways(pair.replica), within=90)
    lab.connect(pair.primary)
    lab.eventually(lambda: state(pair.primary) != "active", within=120)
    assert f"Stopped: {pair.replica} is the primary on timeline" in said(pair.primary)


@pytest.fixture
def powered_off(pair: Pair) -> Iterator[Pair]:
    """The primary has lost its power without having heard of anything, and its replica was promoted."""
    postgres.restored(pair)
    lab.isolate(pair.primary, at_boot=True)
    lab.pull_the_plug(pair.primary)
    ask(pair.replica, "select pg_promote()")
    ask(pair.replica, "create table written_by_the_new_one ()")
    yield pair


def locked_and_then_refused(old: str) -> None:
    """Have a former primary boot without a network, and hear of the promotion when it has one."""
    lab.up(old)
    lab.eventually(lambda: "Locked" in said(old), within=60)
    lab.connect(old)
    lab.eventually(lambda: state(old) == "failed", within=60)


def test_a_former_primary_that_boots_without_a_network_is_locked_and_then_refused(powered_off: Pair) -> None:
    old, new = powered_off.primary, powered_off.replica
    locked_and_then_refused(old)
    assert f"Not started: {new} is the primary on timeline" in said(old)
    # It knows by itself now, and with all power gone at once, too.
    lab.reboot(old, new)
    lab.eventually(lambda: state(old) == "failed", within=60)
    lab.eventually(lambda: ask(new, "select pg_is_in_recovery()") == "f", within=60)
    refused = lab.ssh(old, f"{RELEASE} --accept-two-primaries 2>&1", check=False)
    assert "Not released" in refused
    lab.eventually(lambda: written_to_by_gateways(new), within=90)
    assert state(old) == "failed"


def test_one_that_is_started_past_systemd_is_stopped(powered_off: Pair) -> None:
    """By hand, and so with nobody asked; that systemd knows nothing of it must not keep the fence from ending it."""
    old, new = powered_off.primary, powered_off.replica
    locked_and_then_refused(old)
    lab.ssh(old, f"runuser -u postgres -- pg_ctlcluster --skip-systemctl-redirect {CLUSTER} start")
    lab.eventually(lambda: lab.ssh(old, f"pg_lsclusters --no-header {CLUSTER}").split()[3] == "down", within=90)
    assert f"Stopped: {new} is the primary on timeline" in said(old)
