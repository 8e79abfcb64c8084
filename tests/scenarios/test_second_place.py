"""The copy of the repository on a server that is no part of the site, by SFTP."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import lab
from tests.backups import REPOSITORY, STATE
from tests.inventory import group
from tests.ledger import SERVICE

pytestmark = pytest.mark.long

ADDRESS = "10.77.0.61"
"""Of that machine (inventories/lab.py)."""
USER, HOME = "vault", "/srv/vault"
ALLOWED = "/etc/ssh/sshd_config.d/10-vault.conf"
SECRETS = Path(".env.lab")
UNIT = "tracseq-backup-copy.service"
CONTENTS = "find . -type f ! -name '*.tmp' ! -name '*.lock' -exec sha256sum {} + | sort --key=2"


@pytest.fixture(scope="module")
def holder(site_as_it_should_be: None) -> Iterator[str]:
    """The backup host; a machine outside of the site has a user who may do nothing but SFTP."""
    (found,) = [host.name for host in group("backups", lab.INVENTORY)]
    password, before = secrets.token_urlsafe(24), SECRETS.read_text()
    lab.ssh(
        SERVICE,
        f"id {USER} 2>/dev/null >&2 || useradd --home-dir {HOME} --create-home --shell /usr/sbin/nologin {USER}\n"
        f"echo {USER}:{password} | chpasswd\n"
        f"printf 'Match User {USER}\\nPasswordAuthentication yes\\nForceCommand internal-sftp\\n' > {ALLOWED}\n"
        "systemctl reload ssh",
    )
    SECRETS.write_text(f"{before}\nBACKUP_SFTP_PASSWORD={password}\n")
    yield found
    SECRETS.write_text(before)
    lab.ssh(SERVICE, f"rm {ALLOWED}; systemctl reload ssh; userdel --remove {USER} 2>/dev/null; true")
    back = lab.site()
    assert back.code == 0, back.output
    assert lab.site().changes == {}


def chosen(host_key: str) -> tuple[str, ...]:
    """The data of a second place on that machine."""
    place = {"type": "sftp", "path": "copies", "host": ADDRESS, "user": USER, "host_key": host_key}
    return ("--data", f"backup_second_place={json.dumps(place)}", "--data", "backup_second_place_port=22")


def copied(holder: str) -> dict[str, object]:
    """What is said of a copy that is made now."""
    lab.ssh(holder, f"systemctl start {UNIT}", check=False)
    found: dict[str, object] = json.loads(lab.ssh(holder, f"cat {STATE}/copy.json"))
    return found


def test_a_server_with_another_key_gets_nothing(holder: str) -> None:
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPd4kTpfIDRHpZ5Vf4vO4kCwVkz9zXbsFJ0Nw0q4i3H"
    run = lab.site(*chosen(other))
    assert run.code == 0, run.output
    said = copied(holder)
    print(said["problems"])
    assert said["result"] == "failed"
    assert "The second place was not reached" in str(said["problems"])
    assert lab.ssh(SERVICE, f"ls {HOME}") == ""


def test_all_of_the_repository_is_there_and_stays_the_same(holder: str) -> None:
    key = " ".join(lab.ssh(SERVICE, "cat /etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
    run = lab.site(*chosen(key))
    assert run.code == 0, run.output
    assert lab.site(*chosen(key)).changes == {}
    # WAL goes on: nothing may be written between the two looks.
    lab.ssh(holder, "systemctl stop tracseq-wal-push tracseq-backup-watch.timer")
    try:
        said = copied(holder)
        assert said["result"] == "well", said
        here = lab.ssh(holder, f"cd {REPOSITORY}; {CONTENTS}")
        there = lab.ssh(SERVICE, f"cd {HOME}/copies; {CONTENTS}")
    finally:
        lab.ssh(holder, "systemctl start tracseq-wal-push tracseq-backup-watch.timer")
    assert here.count("\n") > 100
    assert here == there
    print(f"{here.count(chr(10))} files are the same in both places")
