"""Every host rebooted at once comes back healthy, without a run."""

from __future__ import annotations

import json
from functools import partial

from tests import inventory, lab
from tests.client import client


def has_all(gateway: inventory.Host) -> bool:
    ask = f"curl -sS -m 10 http://127.0.0.1:{gateway.data['gateway_port']}/health/detailed"
    detailed = json.loads(lab.ssh(gateway.name, ask))
    return all(detailed[part]["status"] == "up" for part in ("database", "redis"))


def test_the_site_heals_by_itself() -> None:
    lab.ssh("pg1", "runuser -u postgres -- psql -qc 'create table if not exists rebooted (at timestamptz)'")
    lab.reboot(*lab.names())

    def healthy() -> bool:
        answer = client().get("/health")
        assert answer.status_code == 200, answer.text
        return True

    lab.eventually(healthy, within=90)
    for gateway in inventory.group("gateways"):
        lab.eventually(partial(has_all, gateway), within=60)

    lab.ssh("pg1", "runuser -u postgres -- psql -qc 'insert into rebooted values (now())'")
    count = "runuser -u postgres -- psql -Atc 'select count(*) > 0 from rebooted'"
    lab.eventually(lambda: lab.ssh("pg2", count).strip() == "t")
    lab.ssh("pg1", "runuser -u postgres -- psql -qc 'drop table rebooted'")
    for name in lab.names():
        assert lab.ssh(name, "ufw status | head -n 1").strip() == "Status: active"
        failed = lab.ssh(name, "systemctl --failed --no-legend --plain")
        assert failed == "", f"{name}: {failed}"


def test_and_a_run_has_nothing_to_do_afterwards() -> None:
    run = lab.site()
    assert run.code == 0, run.output
    assert run.changes == {}
