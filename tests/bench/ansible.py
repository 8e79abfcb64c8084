"""The same site's no-op in Ansible, alone and with Mitogen, from a converged site's own files."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from deploys.settings import declarations
from tests.bench.floor import Scripts
from tests.bench.measure import Sample, Work, together
from tests.inventory import hosts

VENV = Path(".venv-ansible")
DIRECTORY = Path(".state/bench/ansible")
DIGESTED = re.compile(r"sha256sum -- (.+?) 2>/dev/null")
SHOWN = re.compile(r"systemctl show \S+ \S+ -- (\S+) 2>/dev/null")


def measurements(inventory: str, config: Path, reads: Scripts) -> dict[str, Callable[[], Sample]]:
    """
    The two runs, ready to be measured, each after one that was not.

    Args:
        config: ssh_config(5) of the hosts
        reads: what a converged run reads; it names the files and units
    """
    DIRECTORY.mkdir(mode=0o700, exist_ok=True)
    variables = {name: _variables(inventory, name, config, script) for name, script in reads.items()}
    file = (DIRECTORY / "hosts.json").absolute()
    file.write_text(json.dumps({"all": {"hosts": variables}}))
    common = {
        "ANSIBLE_FORKS": "50",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
    }
    plugins = next(VENV.glob("lib/python*/site-packages/ansible_mitogen/plugins/strategy")).absolute()
    mitogen = common | {"ANSIBLE_STRATEGY": "mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS": str(plugins)}
    for environment in (common, mitogen):
        _played(file, environment)
    return {"ansible": lambda: _played(file, common), "mitogen": lambda: _played(file, mitogen)}


def _played(file: Path, environment: Mapping[str, str]) -> Sample:
    command = [str(VENV / "bin/ansible-playbook"), "-i", str(file), "tests/bench/site.yml"]
    sample, _ = together([Work(command)], {"PATH": f"{VENV.absolute()}/bin:{os.environ['PATH']}", **environment})
    return sample


def _variables(inventory: str, name: str, config: Path, script: str) -> dict[str, Any]:
    """A host's own packages, units and files, whose contents are fetched from it."""
    host = hosts(inventory)[name]
    text = "\n".join(shlex.split(script))
    paths = dict.fromkeys(path for line in DIGESTED.findall(text) for path in shlex.split(line))
    units = dict.fromkeys(SHOWN.findall(text))
    login = ["ssh", "-F", str(config), name]
    found = subprocess.run(
        [*login, "sh -s"],
        input=(
            f"sudo find {_quoted(paths)} -maxdepth 0 -type f -printf '%p\\t%u\\t%g\\t%m\\n' 2>/dev/null\n"
            # One that a container cannot have would be started by each run.
            f"for unit in {_quoted(units)}; do systemctl is-active --quiet $unit && echo $unit; done; true\n"
        ),
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    rows = [line.split("\t") for line in found.splitlines() if line.startswith("/")]
    there = (DIRECTORY / name).absolute()
    there.mkdir(mode=0o700, exist_ok=True)
    archive = subprocess.run(
        [*login, f"sudo tar -c -P {_quoted(row[0] for row in rows)}"], capture_output=True, check=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", there], input=archive, stderr=subprocess.DEVNULL, check=True)
    return {
        "ansible_host": host.data["ssh_hostname"],
        "ansible_user": host.data["ssh_user"],
        "ansible_ssh_private_key_file": host.data["ssh_key"],
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={host.data['ssh_known_hosts_file']}",
        "packages": list(declarations.packages(host.groups)),
        "units": [line for line in found.splitlines() if not line.startswith("/")],
        "files": [
            {"path": path, "source": f"{there}{path}", "owner": owner, "group": group, "mode": f"0{mode}"}
            for path, owner, group, mode in rows
        ],
        "groups_of_host": list(host.groups),
    }


def _quoted(words: Iterable[str]) -> str:
    return " ".join(shlex.quote(word) for word in words)
