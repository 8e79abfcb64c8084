"""A second run changes nothing and restarts nothing."""

from __future__ import annotations

import os

import pytest

from tests import inventory, lab

INVENTORY = os.environ.get("INVENTORY", lab.INVENTORY)
UNITS = "nginx redis-server tracseq-gateway postgresql@15-main postgresql@17-main chrony ssh systemd-journald ufw"


def running_since() -> dict[str, str]:
    """Of every host, the process and the start of each unit, and the live rules of its firewall."""
    ask = (
        f"systemctl show --timestamp=us --property=Id,MainPID,ActiveEnterTimestamp {UNITS}; "
        "iptables -S; ip6tables -S; find /etc /opt/tracseq -newer /proc/1 -printf '%p %C@\\n' | sort"
    )
    return {name: lab.ssh(name, ask, inventory=INVENTORY) for name in inventory.hosts(INVENTORY)}


@pytest.mark.parametrize("arguments", [(), ("--limit", "gateways"), ("--serial",)])
def test_nothing_changes_and_nothing_restarts(arguments: tuple[str, ...]) -> None:
    before = running_since()
    run = lab.site(*arguments, inventory=INVENTORY)
    assert run.code == 0, run.output
    assert run.json["results"]["totals"]["success"] == 0, run.changes
    assert run.json["results"]["totals"]["error"] == 0
    assert running_since() == before


def test_a_dry_run_announces_nothing() -> None:
    run = lab.pyinfra("--dry", "--json", INVENTORY, lab.SITE)
    assert run.code == 0, run.output
    assert run.changes == {}
