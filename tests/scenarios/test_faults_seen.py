"""What goes wrong on real machines is told by mail, in time, by its own alerts alone; so is its end."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests import lab, rules
from tests.copy import Copy
from tests.disk import disk
from tests.inventory import group
from tests.scenarios.monitoring import INVENTORY, WATCHER, WATCHERS, firing, mails, watched_site
from tests.scenarios.postgres import UNIT, found

pytestmark = pytest.mark.long

AWAY, ROLLBACK, FAILOVER = "tests/scenarios/deploys/away.py", "deploys/rollback.py", "deploys/failover.py"
MORE = 60
"""Seconds that a mail may take once a rule has waited as long as it does."""
SMALL = "/srv/small"
TOLD = re.compile(r"(?:\d+ firing|over): (\w+) \(lab\)")
REDIS, BACKUPS = "redis1", "backup1"
GATEWAYS = [host.name for host in group("gateways", INVENTORY)]


@pytest.fixture(scope="module", autouse=True)
def site_with_monitoring(site_as_it_should_be: None) -> Iterator[None]:
    """The lab's site, watched over."""
    with watched_site():
        yield


def waits(alert: str) -> int:
    """How many seconds a rule's condition must last before it is told."""
    rule = rules.of_files()[alert].read_text().split(f"- alert: {alert}\n")[1].split("- alert: ")[0]
    match = re.search(r"^ +for: (\d+)(s|m)$", rule, re.MULTILINE)
    return int(match[1]) * {"s": 1, "m": 60}[match[2]] if match else 0


def told(since: int, what: str = "firing") -> list[str]:
    """The alerts that mails tell of, in their order."""
    return [match[1] for one in mails()[since:] if what in one and (match := TOLD.search(one))]


def well() -> int:
    """Wait until nothing is wrong and everybody was told so: how many mails there are."""
    lab.eventually(lambda: not any(firing(watcher) for watcher in WATCHERS), within=300, every=2)
    time.sleep(45)  # the second Alertmanager waits for the first, and tells the end with its next group
    return len(mails())


def breaks(faults: Mapping[str, Callable[[], object]], mends: Callable[[], object], *alerts: str) -> None:
    """
    Break things, mend them once all is told, and see that just this was told, in time, and its end too.

    Args:
        faults: what is done, by what it is called
        mends: undoes all of it
        alerts: what is to be told
    """
    before = well()
    arrived: dict[str, float] = {}
    try:
        for fault in faults.values():
            fault()
        began = time.monotonic()
        end = began + max(waits(alert) for alert in alerts) + MORE
        while set(alerts) - arrived.keys() and time.monotonic() < end:
            for alert in told(before):
                arrived.setdefault(alert, time.monotonic() - began)
            time.sleep(1)
    finally:
        mends()
    print(f"\n{', '.join(faults)}: " + ", ".join(f"{one} after {after:.0f} s" for one, after in arrived.items()))
    assert set(arrived) == set(alerts)
    late = {one: after for one, after in arrived.items() if after > waits(one) + MORE}
    assert late == {}
    lab.eventually(lambda: set(told(before, "over")) == set(alerts), within=900, every=2)
    well()
    assert set(told(before)) == set(alerts)


def test_a_primary_that_stops() -> None:
    primary = found().primary
    breaks(
        {"the primary stops": lambda: lab.ssh(primary, f"systemctl stop {UNIT}")},
        lambda: lab.ssh(primary, f"systemctl start {UNIT}"),
        "PostgresDown",
        "NoPrimary",
    )


def test_a_replica_whose_network_is_cut() -> None:
    replica = found().replica
    breaks({"the network is cut": lambda: lab.cut_off(replica)}, lambda: lab.plug_in(replica), "HostGone")


def test_a_host_that_is_there_and_tells_nothing() -> None:
    front = "prometheus-exporter-exporter"
    breaks(
        {"the one port is closed": lambda: lab.ssh(GATEWAYS[2], f"systemctl stop {front}")},
        lambda: lab.ssh(GATEWAYS[2], f"systemctl start {front}"),
        "HostNotMeasured",
    )


def test_a_gateway_that_is_killed_again_and_again() -> None:
    again = "while :; do systemctl kill -s KILL tracseq-gateway; sleep 8; done"
    kill = f"systemd-run --quiet --collect --unit=again sh -c '{again}'"
    breaks(
        {"a gateway is killed again and again": lambda: lab.ssh(GATEWAYS[0], kill)},
        # It looks at ten minutes: that is how long its end takes.
        lambda: lab.ssh(GATEWAYS[0], "systemctl stop again"),
        "UnitRestartsAgainAndAgain",
    )


def test_what_goes_wrong_slowly() -> None:
    """A disk that fills, an exporter that stops, a certificate near its end, a backup that is missing: at once."""
    certificate = "/etc/tracseq/metrics/server.crt"
    short = (
        f"openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null -subj /CN=x -days 5 -out {certificate} 2>/dev/null"
    )
    look = "systemctl start tracseq-certificates.service"
    old = ("--data", "backup_maximum_age=60s")

    def mended() -> None:
        lab.ssh(BACKUPS, f"rm {SMALL}/file")
        lab.ssh(REDIS, "systemctl start prometheus-redis-exporter")
        lab.ssh(GATEWAYS[1], f"mv {certificate}.kept {certificate}; {look}")
        assert lab.site("--limit", BACKUPS, inventory=INVENTORY).code == 0

    with disk(BACKUPS, SMALL, megabytes=32):
        breaks(
            {
                "no backup is new": lambda: lab.site("--limit", BACKUPS, *old, inventory=INVENTORY),
                "a disk fills": lambda: lab.ssh(BACKUPS, f"dd if=/dev/zero of={SMALL}/file bs=1M status=none || true"),
                "an exporter stops": lambda: lab.ssh(REDIS, "systemctl stop prometheus-redis-exporter"),
                "a certificate ends soon": lambda: lab.ssh(
                    GATEWAYS[1], f"cp -a {certificate} {certificate}.kept; {short}; {look}"
                ),
            },
            mended,
            "BackupTooOld",
            "UnitFailed",  # the watch over the backups ends with an error
            "DiskAlmostFull",
            "ExporterGone",
            "CertificateEnds",
        )


def silences() -> list[dict[str, object]]:
    """What Alertmanager knows of silences, the expired ones too."""
    command = "amtool --alertmanager.url=http://127.0.0.1:9093 silence query --output=json"
    found: list[dict[str, object]] = []
    for which in ("", "--expired"):
        found += json.loads(lab.ssh(WATCHER, f"{command} {which}", inventory=INVENTORY) or "[]")
    return found


def test_what_a_run_does_on_purpose_is_told_to_nobody() -> None:
    """A replica is away for longer than its rule waits: the alert is there, and no mail."""
    replica, seconds = found().replica, 75
    before, known = well(), {one["id"] for one in silences()}
    seen: set[str] = set()
    # What an earlier test run has applied would not be applied again.
    lab.ssh(replica, "rm -f /run/away")
    run = lab.started("-y", "--data", f"lab_away={replica}", "--data", f"lab_seconds={seconds}", INVENTORY, AWAY)
    while run.poll() is None:
        seen |= firing()
        time.sleep(1)
    assert run.returncode == 0
    assert "PostgresDown" in seen
    time.sleep(45)
    assert mails()[before:] == []
    made = [one for one in silences() if one["id"] not in known]
    assert {str(one["createdBy"]).rpartition("-")[0] for one in made} != set()
    assert any(f"changes {replica}: {INVENTORY} {AWAY}" in str(one["comment"]) for one in made)
    # It does not outlast the run by much, and the next failure is told.
    assert lab.site(inventory=INVENTORY).changes == {}
    assert {one["id"] for one in silences()} == known | {one["id"] for one in made}


def test_a_release_a_rollback_and_a_planned_failover_are_told_to_nobody(tmp_path: Path) -> None:
    before, pair = well(), found()
    own = Copy(tmp_path, "lab")
    own.secrets.write_bytes(Path(".env.lab").read_bytes())
    readme = own.own("gateway") / "README.md"
    readme.write_text(f"{readme.read_text()}\nOf the next release.\n")
    here = Path.cwd()
    for arguments, directory in (
        ((INVENTORY, lab.SITE), own.directory),
        ((INVENTORY, ROLLBACK), here),
        (("--data", f"to={pair.replica}", INVENTORY, FAILOVER), here),
        (("--data", f"to={pair.primary}", INVENTORY, FAILOVER), here),
    ):
        run = lab.pyinfra("-y", *arguments, directory=directory)
        assert run.code == 0, run.output
    time.sleep(120)
    assert mails()[before:] == []


def test_ten_quiet_minutes() -> None:
    before = well()
    time.sleep(600)
    assert mails()[before:] == []
