"""The log host: it has what every host wrote just now, and answers nobody who has no certificate."""

from __future__ import annotations

import pytest
from testinfra.host import Host

from tests import inventory, lab

testinfra_hosts = inventory.hosts_of("logs")

pytestmark = pytest.mark.skipif(not inventory.group("logs"), reason="this site has no log host")


def test_each_host_has_a_journal_that_only_its_receiver_writes(host: Host) -> None:
    for name in inventory.hosts():
        directory = host.file(f"/var/log/tracseq/{name}")
        assert (directory.user, directory.mode) == ("systemd-journal-remote", 0o750)


def test_what_was_written_just_now_is_there(host: Host) -> None:
    own = host.check_output("hostname")
    word = host.check_output("cat /proc/sys/kernel/random/uuid")
    host.check_output(f"logger -t tracseq-test {word}")
    command = f"tracseq-logs --host={own} --since=-1min --grep={word} | grep -F ' {own} tracseq-test['; true"
    assert lab.eventually(lambda: host.check_output(command)).endswith(f": {word}")


@pytest.mark.parametrize("path", ["upload", "browse", ""])
def test_nobody_is_answered_without_a_certificate(host: Host, path: str) -> None:
    port = next(iter(inventory.hosts().values())).data["logs_port"]
    url = f"https://localhost:{port}/{path}"
    assert host.check_output(f"curl -sk -m 10 -o /dev/null -w '%{{http_code}}' {url}") == "400"


def test_its_front_may_read_none_of_it(host: Host) -> None:
    pid = host.check_output("systemctl show --property=MainPID --value tracseq-journal-front.service")
    user = host.check_output(f"stat -c %u /proc/{pid}")
    front = f"setpriv --reuid={user} --regid={user} --groups=$(getent group systemd-journal-remote | cut -d : -f 3)"
    name = host.check_output("hostname")
    assert host.run(f"{front} test -w /run/tracseq-journal/{name}.sock").rc == 0
    assert "Permission denied" in host.run(f"LC_ALL=C {front} cat /var/log/tracseq/{name}/{name}.journal").stderr
