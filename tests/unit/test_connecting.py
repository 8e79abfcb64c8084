"""A host that does not answer says so in one line, with what to do."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from paramiko import ECDSAKey

from deploys.engine.connecting import ADVICE
from tests.unit.observed import Observed, pyinfra
from tests.unit.ssh_servers import KEY, known, lets_in, listening, talks_http

CONFIG = """
from deploys.engine import connecting
from notes import note
connecting.before_connecting(lambda: note("checked"))
"""


def connected(directory: Path, port: int) -> Observed:
    """A run that does nothing but connect to a port of this machine."""
    key = directory / "key"
    KEY.write_private_key_file(str(key))
    data = {
        "ssh_hostname": "127.0.0.1", "ssh_port": port, "ssh_user": "somebody", "ssh_key": str(key),
        "ssh_known_hosts_file": str(directory / "known_hosts"), "ssh_config_file": str(directory / "none"),
    }  # fmt: skip
    files = {"config.py": CONFIG, "inventory.py": f"hosts = [('somewhere', {data!r})]", "deploy.py": ""}
    return pyinfra(directory, files, "-y", "inventory.py", "deploy.py")


def test_each_advice_names_only_what_is_known_of_a_host() -> None:
    for advice in ADVICE.values():
        assert advice.format(address="10.0.0.1", port=22, user="deploy", forget="ssh-keygen -R 10.0.0.1")


def test_what_is_wrong_and_what_to_do_are_one_line_and_no_traceback(tmp_path: Path) -> None:
    with listening(talks_http) as port:
        run = connected(tmp_path, port)
    assert run.code == 1
    assert "Traceback" not in run.output
    [line] = [line for line in run.output.splitlines() if "SSH error" in line]
    assert f"what answers at 127.0.0.1 port {port} is no SSH server" in line


def test_what_is_said_to_do_about_another_key_is_what_helps(tmp_path: Path) -> None:
    """At another port than SSH's own, and in a file of its own."""
    with listening(lets_in(KEY)) as port:
        known(tmp_path, port, ECDSAKey.generate())
        run = connected(tmp_path, port)
        assert run.code == 1
        [line] = [line for line in run.output.splitlines() if "SSH host key error" in line]
        command = shlex.split(line.partition("forget the old one: ")[2].rstrip("."))
        assert command[0] == "ssh-keygen"
        subprocess.run(command, check=True, capture_output=True)
        again = connected(tmp_path, port)
    assert again.code == 0, again.output
    assert "Connected" in again.output


def test_the_data_is_checked_once_before_any_host_is_connected_to(tmp_path: Path) -> None:
    with listening(lets_in(KEY)) as port:
        assert connected(tmp_path, port).notes == [("checked", None)]


def test_a_deploy_that_connects_by_itself_is_loaded_once_before_any_host_is_connected_to(tmp_path: Path) -> None:
    (tmp_path / "deploys").mkdir()
    files = {
        "config.py": "from deploys.engine import command_line, connecting\nfrom notes import note\n"
        "command_line.check()\nconnecting.before_connecting(lambda: note('checked'), alone=['deploys/alone.py'])\n",
        "inventory.py": "hosts = ['@fake/a', '@fake/b']",
        "deploys/alone.py": "import sys\nfrom notes import note\nnote('alone')\nsys.exit(3)",
    }
    run = pyinfra(tmp_path, files, "inventory.py", "deploys/alone.py")
    assert run.code == 3, run.output
    assert run.notes == [("checked", None), ("alone", None)]
    assert "Connected" not in run.output
