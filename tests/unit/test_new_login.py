"""A command that goes over a login of its own: where none comes, it fails and says what happens now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from paramiko import SSHException

from deploys.engine.new_login import NewLogin
from tests.unit.ssh_servers import KEY, lets_in, listening, refused_port, ssh_host


@pytest.mark.parametrize(("timeout", "reason"), [(0.5, "Could not connect"), (0, "no answer")])
def test_without_a_login_it_says_why_and_what_happens_now(tmp_path: Path, timeout: float, reason: str) -> None:
    host = ssh_host(tmp_path, refused_port())
    well, output = NewLogin("true", timeout, "It is put back.").execute(host.state, host, {})
    assert not well
    assert output.stderr.startswith(f"somewhere: no new login within {timeout:g} s after the change ({reason}")
    assert output.stderr.endswith("). It is put back.")


def test_the_runs_own_connection_is_not_used_and_stays(tmp_path: Path) -> None:
    """The server lets in and runs nothing, which is enough to see which connection the command went over."""
    with listening(lets_in(KEY)) as port:
        host = ssh_host(tmp_path, port)
        connector: Any = host.connector
        connector.connect()
        with pytest.raises(SSHException):
            NewLogin("true", 30, "It is put back.").execute(host.state, host, {})
        assert connector.client.get_transport().is_active()
        connector.client.close()
