"""What a dry run announces is what the real run then does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import lab

RESTARTS = "settings that Postgres restarts for, and one whose line is gone afterwards"
EDITS = {
    "gateways and their load balancer": """
gateway_memory = "768MB"
gateway_environment = {"LOG_LEVEL": "WARNING", "JWT_ALGORITHM": "HS256"}
read_timeout = "90s"
""",
    "kernel, journal, clocks, Redis": """
kernel_settings = {"net.core.somaxconn": "2048"}
journal_size = "40MB"
time_servers = ["192.0.2.1"]
redis_memory = "96MB"
""",
    "a setting that Postgres reloads": 'postgres_work_mem = "6MB"',
    RESTARTS: """
postgres_max_connections = 120
postgres_settings = {"track_activity_query_size": "2048"}
""",
    "one more rule of the firewall": """
firewall_extra_rules = [{"source": "administrators", "destination": "redis", "ports": ["redis_port"]}]
""",
    "all of a host": """
open_files = 32768
sshd_options = ["AllowAgentForwarding no"]
automatic_reboot = True
""",
}


ALIKE = ("a setting that Postgres reloads", "one more rule of the firewall")
"""Others do what these do, and more."""


@pytest.mark.parametrize(
    "edit", [pytest.param(edit, marks=pytest.mark.long) if edit in ALIKE else edit for edit in EDITS]
)
def test_the_announced_is_done_and_no_more(edit: str, tmp_path: Path) -> None:
    (tmp_path / "lab.py").write_text(EDITS[edit] + "\n")
    options = ("--data", "restart=true") if edit == RESTARTS else ()
    data = ("--group-data", str(tmp_path), *options)
    announced = lab.pyinfra("--dry", "--json", *data, lab.INVENTORY, lab.SITE)
    assert announced.code == 0, announced.output
    assert announced.changes, "the edit changes something"
    done = lab.site(*data)
    assert done.code == 0, done.output
    assert done.changes == announced.changes
    back = lab.pyinfra("--dry", "--json", *options, lab.INVENTORY, lab.SITE)
    assert back.changes, "it was done"
    undone = lab.site(*options)
    assert undone.code == 0, undone.output
    assert undone.changes == back.changes
    assert lab.site().changes == {}
