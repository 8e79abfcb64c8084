"""What every host is judged by: units, disks, certificates, upkeep, the lock."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from deploys.controller import acme
from deploys.controller.authority import AUTHORITY_FILE, Authority
from deploys.controller.status import certificates, disks, kept_data, lock, units, upkeep
from deploys.controller.status.debian_version import order
from deploys.facts.mounts import Mount, Mounts
from deploys.facts.postgres.kept_data import KeptData
from deploys.facts.run_lock import Holder, LockState
from deploys.facts.service import ServiceState
from deploys.facts.units import Units, UnitsState
from deploys.facts.upkeep import Update, Upkeep, UpkeepState
from tests.unit.status.pretended import NOW, said, survey

DAY = 86400
GB = 1 << 30
UP = UpkeepState(synchronised=True, offset=0.001, source="10.0.0.1", list_age=3600, upgrade_age=1800)
WAITING = (Update("curl", "7.88.1-10+deb12u5", "7.88.1-10+deb12u15"),)


def test_units_are_read_as_systemd_prints_them() -> None:
    fact = Units()
    fact.command(units=("chrony.service", "ssh.service"))
    state = fact.process(
        [
            "failed\tapt-daily.service",
            "Names=chrony.service",
            "ActiveState=inactive",
            "ActiveEnterTimestamp=",
            "ConditionResult=no",
            "ConditionTimestampMonotonic=1101057838",
            "",
            "Names=ssh.service",
            "ActiveState=active",
            "ActiveEnterTimestamp=@1795474066",
            "ConditionResult=yes",
            "ConditionTimestampMonotonic=1100363889",
        ]
    )
    assert state.failed == ("apt-daily.service",)
    assert [unit.running for unit in state.units.values()] == [False, True]
    assert state.units["chrony.service"].condition_failed


def test_a_unit_that_is_stopped_or_failed_is_wrong_and_one_whose_condition_forbids_it_is_not() -> None:
    unit = {"ConditionResult": "yes", "ConditionTimestampMonotonic": "1"}
    state = UnitsState(
        {
            "ssh.service": ServiceState(unit | {"ActiveState": "active", "ActiveEnterTimestamp": "@1795474066"}),
            "nginx.service": ServiceState(unit | {"ActiveState": "inactive"}),
            "redis-server.service": ServiceState(unit | {"ActiveState": "failed"}),
            "chrony.service": ServiceState(unit | {"ActiveState": "inactive", "ConditionResult": "no"}),
        },
        failed=("redis-server.service", "apt-daily.service"),
    )
    found = units.judged(survey("units", {"gw1": [state]}))
    assert [what.split()[0] for _, what in said(found)] == [
        "redis-server.service",
        "apt-daily.service",
        "nginx.service",
    ]
    assert found.cells["gw1"].text == "3 down"
    assert found.values["gw1"]["units"]["ssh.service"] == {"state": "active", "since": "2026-11-23T22:47:46+00:00"}


def test_mounts_are_read_as_df_prints_them() -> None:
    lines = ["100 300 5 10 /", "7 1 - - /srv/with spaces", "1 1 0 0 /boot", "2 2 0 0 /boot"]
    found = Mounts().process(lines)
    assert [mount.path for mount in found] == ["/", "/boot", "/srv/with spaces"]
    assert [mount.full for mount in found] == [50, 50, 87.5]
    assert found[1].used == 2


@pytest.mark.parametrize(
    ("mount", "left"),
    [
        (Mount("/", 80 * GB, 20 * GB, 1, 10), None),
        (Mount("/", 90 * GB, 10 * GB, 1, 10), "10 GB left"),
        (Mount("/", 1 * GB, 10 * GB, 99, 100), "1 inodes left"),
        (Mount("/", 0, 0, 0, 0), None),
    ],
)
def test_a_disk_that_is_nearly_full_by_bytes_or_by_inodes(mount: Mount, left: str | None) -> None:
    found = disks.judged(survey("disks", {"gw1": [(mount,)]}))
    assert [(left or "nothing") in what for _, what in said(found)] == [True] * (left is not None)
    assert found.cells["gw1"].wrong is (left is not None)


def test_certificates_are_wrong_when_a_run_would_renew_them(tmp_path: Path) -> None:
    authority = Authority(str(tmp_path), lifetime=100 * DAY, renewal=30 * DAY)
    leaf = authority.leaf("gw1", ["gw1"]).certificate
    ends = certificates.end(leaf)
    assert ends is not None
    for left, wrong in ((31, False), (29, True), (-1, True)):
        at = replace(survey("certificates", {"gw1": [{"/leaf": leaf}]}), read_at=ends - left * DAY)
        assert [what.startswith("/leaf") for _, what in said(certificates.judged(at))] == [True] * wrong
        assert certificates.judged(at).values["gw1"]["/leaf"]["days_left"] == left


def test_a_certificate_by_acme_is_wrong_when_it_should_long_be_renewed(tmp_path: Path) -> None:
    leaf = Authority(str(tmp_path), lifetime=6 * DAY, renewal=DAY).leaf("lb1", ["lb1"]).certificate
    ends = certificates.end(leaf)
    assert ends is not None
    for left, wrong in ((1.1, False), (0.9, True), (-1, True)):
        at = replace(survey("certificates", {"gw1": [{acme.CERTIFICATE: leaf}]}), read_at=ends - left * DAY)
        found = certificates.judged(at)
        assert ["was not renewed by ACME" in what for _, what in said(found)] == [True] * wrong
        assert found.cells["gw1"].wrong is wrong


def test_a_certificate_that_is_not_there_is_wrong() -> None:
    found = certificates.judged(survey("certificates", {"gw1": [{AUTHORITY_FILE: ""}]}))
    assert said(found) == [("gw1", f"{AUTHORITY_FILE} is no certificate, or is not there.")]


def test_upkeep_is_read_as_the_host_prints_it() -> None:
    tracking = "C0A80001,192.168.0.1,3,1795474066.1,0.000012,-0.00002,0.0001,1.2,0.1,0.2,0.01,0.001,64.2,Normal"
    found = Upkeep().process(
        [
            "clock\t" + tracking.replace(",", "\t"),
            "ConditionResult\tyes",
            "reboot",
            "package\tlinux-image-amd64",
            "package\tlinux-image-amd64",
            "lists\t3600",
            "upgrade\t1800",
            "update\tcurl\t7.88.1-10+deb12u5\t7.88.1-10+deb12u15",
        ]
    )
    assert found == UpkeepState(True, 0.000012, "192.168.0.1", True, ("linux-image-amd64",), WAITING, 3600, 1800)


@pytest.mark.parametrize(
    ("lines", "synchronised"),
    [
        (["clock\t00000000\t\t0\t0\t0\t0\t0\t0\t0\t0\t1\t1\t0\tNot synchronised"], False),
        (["ConditionResult\tyes"], False),
        (["ConditionResult\tno"], None),
    ],
)
def test_a_clock_that_follows_nobody_or_is_not_the_hosts_to_set(lines: list[str], synchronised: bool | None) -> None:
    assert Upkeep().process(lines).synchronised is synchronised


@pytest.mark.parametrize(
    ("state", "wrong", "sentence"),
    [
        (replace(UP, synchronised=False), True, "Its clock follows no other."),
        (replace(UP, offset=-4.2), True, "Its clock is -4.2 s off."),
        (replace(UP, reboot_required=True, reboot_for=("linux",)), True, "It waits for a reboot for linux."),
        (replace(UP, list_age=8 * DAY), True, "apt's lists are 8 d old"),
        (replace(UP, list_age=None), True, "apt's lists are not there"),
        (replace(UP, updates=WAITING, list_age=600), False, "1 security update waits (curl)."),
        (replace(UP, updates=WAITING, upgrade_age=None), False, "none was ever installed by itself"),
        (replace(UP, updates=WAITING, upgrade_age=3 * DAY), True, "none was installed for 3 d"),
        (replace(UP, updates=WAITING), True, "although they were to be installed 30 min ago"),
    ],
)
def test_upkeep_that_is_wrong_or_to_be_known(state: UpkeepState, wrong: bool, sentence: str) -> None:
    found = upkeep.judged(survey("upkeep", {"gw1": [state]}))
    [(_, what)] = said(found, wrong)
    assert sentence in what
    assert said(found, not wrong) == []
    assert found.cells["gw1"].wrong is wrong


def test_that_updates_are_not_known_without_a_mirror_is_a_remark() -> None:
    (found,) = upkeep.findings_of("gw1", replace(UP, list_age=None), 1.0, mirrored=False)
    assert not found.wrong
    assert "without-internet.md" in found.do


def test_an_older_version_in_the_security_archive_is_no_update() -> None:
    older = (Update("curl", "7.88.1-10+deb12u15", "7.88.1-10+deb12u5"),)
    assert list(upkeep.judged(survey("upkeep", {"gw1": [replace(UP, updates=older)]})).findings) == []


def test_versions_are_in_the_order_of_dpkg() -> None:
    # As `dpkg --compare-versions` has them.
    ordered = [
        "0~~", "0~~a", "0~", "0", "0a", "0+", "1.0~rc1-1", "1.0-1~deb12u1", "1.0-1", "1.0-1+deb12u2",
        "1.0-1+deb12u10", "1.0-1.1", "1.0-2", "1.0a-1", "1.0+dfsg-1", "1.0.1-1", "1.9", "1.10",
        "1:0.1", "1:9.2p1-2", "2:0",
    ]  # fmt: skip
    assert all(order(lower) < order(higher) for lower, higher in pairwise(ordered))
    assert order("0:1.0") == order("1.0") == order("1.0-0") == order("1.00")


def test_a_held_lock_is_a_remark_that_says_who_and_where() -> None:
    holder = Holder("anna@desk-7", "2026-01-31 03:30:00 UTC", "10.0.0.1", "inventories/production.py", silence=20)
    states = {"gw1": [LockState()], "gw2": [LockState(holder=holder)], "pg1": [LockState(holder=holder)]}
    found = lock.judged(survey("lock", states))
    assert said(found) == []
    [(_, what)] = said(found, wrong=False)
    assert what.startswith("anna@desk-7 is at work, since 2026-01-31 03:30:00 UTC, from 10.0.0.1")
    assert "(on gw2, pg1, silent for 20 s: dead, or cut off)" in what
    assert [found.cells[name].text for name in states] == ["free", "held", "held"]
    assert found.values["gw1"] is None


def test_now_is_when_it_was_read() -> None:
    assert survey().read_at == NOW


def test_old_data_that_is_kept_is_a_remark() -> None:
    kept = KeptData().process([f"/old\t{3 * GB}", "/older\t"])
    found = kept_data.judged(survey("kept_data", {"pg1": [kept], "pg2": [{}]}))
    assert said(found) == []
    assert said(found, wrong=False) == [
        ("pg1", "Old data is kept in /old (3.0 GB)."),
        ("pg1", "Old data is kept in /older (size unknown)."),
    ]
    assert found.values == {"pg1": {"/old": 3 * GB, "/older": None}, "pg2": {}}
