"""What a dry run announces is what the real run then does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import lab

EDITS = {
    "a limit of the gateways": 'gateway_memory = "768MB"',
    "a variable of the gateways": 'gateway_environment = {"LOG_LEVEL": "WARNING", "JWT_ALGORITHM": "HS256"}',
    "a timeout of the load balancer": 'read_timeout = "90s"',
    "a kernel setting": 'kernel_settings = {"net.core.somaxconn": "2048"}',
    "the memory of Redis": 'redis_memory = "96MB"',
    "a setting that Postgres reloads": 'postgres_work_mem = "6MB"',
    "a setting that Postgres restarts for": "postgres_max_connections = 120",
    "the size of the journal": 'journal_size = "40MB"',
    "the clocks": 'time_servers = ["192.0.2.1"]',
    "one more rule of the firewall": (
        'firewall_extra_rules = [{"who": "administrators", "whom": "redis", "ports": ["redis_port"]}]'
    ),
    "the limit of open files": "open_files = 32768",
}


@pytest.mark.parametrize("edit", EDITS)
def test_the_announced_is_done_and_no_more(edit: str, tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_text(EDITS[edit] + "\n")
    data = ("--group-data", str(tmp_path))
    announced = lab.pyinfra("--dry", "--json", *data, lab.INVENTORY, lab.SITE)
    assert announced.code == 0, announced.output
    assert announced.changes, "the edit changes something"
    done = lab.site(*data)
    assert done.code == 0, done.output
    assert done.changes == announced.changes
    again = lab.site(*data)
    assert again.changes == {}, "and it is done for good"
    back = lab.site()
    assert back.code == 0, back.output
    assert back.changes == announced.changes, "taking the edit back undoes it where it was done"
