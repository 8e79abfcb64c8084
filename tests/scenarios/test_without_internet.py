"""A site is deployed from one file, by a controller and on machines that reach nothing but each other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.settings import lab as settings
from tests import lab
from tests.scenarios import strangers

pytestmark = pytest.mark.long

NAMESPACE, LINK, ADDRESS = "tracseq-away", "tracseq-away", "10.77.0.95"
MACHINES = SITE, WATCHER = "off1", "off2"
INVENTORY = f"""
from deploys.settings import lab as _lab

def _host(name, number, suite):
    name, data = _lab.host(name, number, suite)
    return name, data | {{
        "packages_from": "bundle",
        "time_servers": [],
        "postgres_first_primary": "{SITE}",
        "postgres_pool_port": 6432,
        "services": {{"template": {{"hosts": ["{WATCHER}"], "port": 8091, "source": {{SOURCE}}}}}},
        "alert_mail_server": "10.77.0.61",
        "alert_mail_port": 2525,
        "alert_mail_from": "monitoring@lab.example.org",
        "alert_mail_to": ["administrator@lab.example.org"],
        "networks": {{
            "anywhere": ["0.0.0.0/0", "::/0"], "outside": ["10.77.0.61"], "administrators": ["10.77.0.1", "{ADDRESS}"]
        }},
    }}

lab = [_host("{SITE}", 91, "bookworm"), _host("{WATCHER}", 92, "trixie")]
load_balancers = gateways = postgres = redis = lab[:1]
monitoring = logs = lab[1:]
"""
BARE = """
rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
ip route delete default; ip -6 route delete default
"""
SECRETS = """
from deploys.settings import declarations, secrets
secrets.invent(".env.lab", declarations.secrets())
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """A site of two machines, and a service whose file only the machine with internet has."""
    source = {**strangers.program(), "file": "services/template"}
    written = tmp_path / "inventory.py"
    written.write_text(INVENTORY.replace("{SOURCE}", repr(source)))
    return written


@pytest.fixture
def bundle(tmp_path: Path, inventory: Path) -> tuple[Path, str]:
    """What `make bundle` makes of the newest commit, on a machine with internet, and the checksum that it says."""
    clone = tmp_path / "with-internet"
    subprocess.run(["git", "clone", "--quiet", ".", str(clone)], check=True)
    (clone / ".cache").symlink_to(Path(".cache").absolute())
    (clone / "services").mkdir()
    shutil.copy(strangers.program()["file"], clone / "services/template")
    began = time.monotonic()
    # What `make bundle` runs; the environment's path leads to the clone that it was made for.
    own = {"PYTHONPATH": str(clone)}
    prepared = lab.pyinfra(str(inventory), "deploys/prepare_services.py", directory=clone, environment=own)
    assert prepared.code == 0, prepared.output
    command = [sys.executable, "-m", "deploys.bundle", "dist", *settings.SUITES]
    subprocess.run(command, cwd=clone, env=os.environ | own, check=True)
    print(f"\nmade in {time.monotonic() - began:.0f} s")
    (made,) = (clone / "dist").glob("*.tar")
    print(f"\n{made.stat().st_size >> 20} MB for both suites")
    return made, made.with_name(f"{made.name}.sha256").read_text().split()[0]


@pytest.fixture
def machines(inventory: Path) -> Iterator[Path]:
    """Two bare machines that reach nothing outside of the lab, and have no package of Debian but their own."""
    lab.up(*MACHINES, inventory=str(inventory), owned=True)
    for name in MACHINES:
        lab.ssh(name, BARE, inventory=str(inventory))
        assert "unreachable" in lab.ssh(
            name, "ping -c 1 192.0.2.1 2>&1; ip route get 192.0.2.1 2>&1; true", inventory=str(inventory)
        )
    yield inventory
    lab.destroy(*MACHINES)


@pytest.fixture
def away() -> Iterator[None]:
    """A network namespace with nothing in it but a link to the lab's bridge: that of the controller."""
    gone = f"ip netns delete {NAMESPACE} 2>/dev/null; ip link delete {LINK} 2>/dev/null; true"
    subprocess.run(gone, shell=True, check=True)
    inside = f"ip -n {NAMESPACE}"
    lines = f"""
set -eu
ip netns add {NAMESPACE}
ip link add {LINK} type veth peer name eth0 netns {NAMESPACE}
ip link set {LINK} master {settings.BRIDGE} up
{inside} link set lo up
{inside} address add {ADDRESS}/24 dev eth0
{inside} link set eth0 up
"""
    subprocess.run(["sh", "-c", lines], check=True)
    yield
    subprocess.run(gone, shell=True, check=True)


def without_internet(command: str, directory: Path) -> str:
    """What a command prints, run as the controller does that has no internet, and none of this one's settings."""
    outside = ["ip", "netns", "exec", NAMESPACE, "env", "-i", "HOME=/nonexistent", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
    done = subprocess.run(
        [*outside, "sh", "-c", command],
        cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.stdout[-6000:]}{done.stderr[-6000:]}"
    return done.stdout


def test_a_site_is_deployed_from_one_file(bundle: tuple[Path, str], machines: Path, away: None, tmp_path: Path) -> None:
    file, digest = bundle
    home = tmp_path / "without-internet"
    home.mkdir()
    assert "nothing" in without_internet("ip route get 192.0.2.1 >/dev/null 2>&1 || echo nothing", home)
    without_internet(f"tar -xf {file} unbundle.py && python3 unbundle.py {file} tracseq-onprem {digest}", home)
    clone, python = home / "tracseq-onprem", ".venv/bin/python"
    began = time.monotonic()
    without_internet("make .venv", clone)
    print(f"\nmake .venv from the file: {time.monotonic() - began:.0f} s")
    (clone / "inventories/away.py").write_text(machines.read_text())
    without_internet(f"{python} -c '{SECRETS}'", clone)
    began = time.monotonic()
    without_internet("make deploy INVENTORY=inventories/away.py", clone)
    print(f"two bare machines, of both suites: {time.monotonic() - began:.0f} s")
    second = json.loads(
        without_internet(".venv/bin/pyinfra -y --json inventories/away.py deploys/site.py 2>/dev/null", clone)
    )
    assert second["results"]["totals"]["success"] == 0, second["results"]
    without_internet("make status INVENTORY=inventories/away.py", clone)
    answer = without_internet(
        "curl -sS --fail --cacert .state/lab/authority/authority.crt --resolve tracseq.lab.example.org:443:10.77.0.91"
        " https://tracseq.lab.example.org/health",
        clone,
    )
    assert json.loads(answer)["status"] == "ok"
    of_service = lab.ssh(WATCHER, "curl -sS --fail -m 5 http://127.0.0.1:8091/health", inventory=str(machines))
    assert json.loads(of_service)["version"] == "1"
    for name in MACHINES:
        left = lab.ssh(
            name, "ls -d /var/lib/tracseq/packages /etc/apt/sources.list.d/* 2>/dev/null; true", inventory=str(machines)
        )
        assert "tracseq" not in left
