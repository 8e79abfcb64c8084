"""Every line of every host is at the log host, under the name that the host's certificate has, and is found there."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from dotenv import dotenv_values

from deploys.controller.authority import Authority
from tests import lab, reach
from tests.client import client
from tests.inventory import group, hosts
from tests.scenarios.million import SOURCE
from tests.tokens import token

pytestmark = pytest.mark.long

INVENTORY, MOVED = "inventories/lab_logs.py", "inventories/lab_logs_moved.py"
KEEPER, OTHER = "log1", "log2"
"""The log host, on Debian 12; and the machine that takes its place, on Debian 13, and is a sender until then."""
UPLOAD, FRONT = "tracseq-journal-upload", "tracseq-journal-front"
SENDERS = ("gw1", OTHER)
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
RATE = 200
"""Lines a second that each sender writes while the log host is away."""
OWN = "--cacert {0}/authority.crt --cert {0}/client.crt --key {0}/client.key".format("/etc/tracseq/journal")
WRITE = """
import sys, time
number, rate, word = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
begin = time.monotonic()
for one in range(number):
    print(f"{word} {one:07}", flush=True)
    time.sleep(max(0, begin + (one + 1) / rate - time.monotonic()))
"""


@pytest.fixture(scope="module", autouse=True)
def site_with_a_log_host(site_as_it_should_be: None) -> Iterator[None]:
    """The lab's site with a log host; afterwards it is the lab's site again, and nobody sends anything."""
    lab.up(KEEPER, OTHER, inventory=INVENTORY)
    made = lab.site(inventory=INVENTORY)
    assert made.code == 0, made.output
    yield
    lab.destroy(KEEPER, OTHER)
    gone = lab.site()
    assert gone.code == 0, gone.output
    assert lab.site().changes == {}
    for name in lab.names():
        assert (
            lab.ssh(name, f"systemctl is-active {UPLOAD} tracseq-journal-sent.timer; true").split() == ["inactive"] * 2
        )
        assert lab.ssh(name, "ls -d /etc/tracseq/journal /var/lib/*/tracseq-journal-upload 2>/dev/null; true") == ""


def on(name: str, command: str, **options: Any) -> str:
    """What a command prints on a host."""
    return lab.ssh(name, command, inventory=INVENTORY, **options)


def kept(sender: str, options: str, keeper: str = KEEPER) -> list[str]:
    """The lines of a host that the log host has, as journalctl selects them."""
    return on(keeper, f"journalctl -q -o cat --directory=/var/log/tracseq/{sender} {options}; true").splitlines()


def numbered(sender: str, word: str, keeper: str = KEEPER) -> list[str]:
    """The numbered lines with a word that arrived of a sender."""
    return [line for line in kept(sender, f"-u {word}", keeper) if line.startswith(f"{word} ")]


def writes(sender: str, number: int, rate: int, word: str) -> None:
    """Have a host write so many numbered lines, in the background, as a gateway does: without a rate limit."""
    on(sender, f"cat > /run/write.py <<'PYTHON'\n{WRITE}\nPYTHON")
    unit = f"systemd-run --quiet --collect --unit={word} --property=LogRateLimitIntervalSec=0"
    on(sender, f"{unit} python3 /run/write.py {number} {rate} {word}")


def uploaded(sender: str, curl: str, lines: str = "MESSAGE=forged\n_HOSTNAME=pg1\n", keeper: str = KEEPER) -> str:
    """The status code of an answer to what a host hands over by hand."""
    port = hosts(INVENTORY)[keeper].data["logs_port"]
    entry = f"__REALTIME_TIMESTAMP={time.time_ns() // 1000}\n__MONOTONIC_TIMESTAMP=1\n_BOOT_ID={'ab' * 16}\n{lines}\n"
    return on(
        sender,
        f"curl -sS -m 20 -o /dev/null -w '%{{http_code}}' {curl} -H 'Content-Type: application/vnd.fdo.journal'"
        f" -H 'Host: pg1' -H 'X-Forwarded-For: pg1' -H 'Transfer-Encoding: chunked' --data-binary @-"
        f" https://{keeper}:{port}/upload 2>&1 <<'ENTRY'\n{entry}\nENTRY\ntrue",
    )


def test_a_second_run_changes_nothing() -> None:
    assert lab.site(inventory=INVENTORY).changes == {}


def test_what_every_host_writes_arrives_under_its_own_name() -> None:
    for name in hosts(INVENTORY):
        on(name, f"logger -t tracseq-scenario 'a line of {name}'")
    for name in hosts(INVENTORY):
        lab.eventually(lambda name=name: kept(name, "-t tracseq-scenario"), within=60, every=1)
        assert set(kept(name, "-t tracseq-scenario")) == {f"a line of {name}"}


def test_debians_own_units_do_not_run() -> None:
    assert on(KEEPER, "systemctl is-enabled nginx; true").strip() == "disabled"
    assert on(KEEPER, "ss -Hltn 'sport = :80'") == ""


def test_nobody_gets_in_without_a_certificate_of_a_host_of_the_site(tmp_path: Path) -> None:
    authority = Authority(str(tmp_path / "foreign"), 86400, 3600)
    foreign = authority.leaf("gw1-client", ["gw1"], CLIENT)
    of_site = Authority(".state/lab/authority", 365 * 86400, 86400, kept=False)
    unlisted = of_site.leaf("nobody-client", ["nobody"], CLIENT)
    server = of_site.leaf("gw1-server-only", ["gw1"])
    for pair in (foreign, unlisted, server):
        on(OTHER, f"umask 077; cat > /run/pair.pem <<'PEM'\n{pair.certificate}{pair.key}PEM")
        answer = uploaded(OTHER, "--cacert /etc/tracseq/authority.crt --cert /run/pair.pem")
        assert answer in ("400", "403"), answer
    assert uploaded(OTHER, "--cacert /etc/tracseq/authority.crt") == "400"
    on(OTHER, "rm /run/pair.pem")
    data = hosts(INVENTORY)[KEEPER].data
    assert reach.is_dropped("outsider1", data["address"], data["logs_port"]), "the firewall lets nobody else in"
    assert on(KEEPER, "grep -l forged -r /var/log/tracseq; true") == ""


def test_a_host_cannot_write_under_anothers_name() -> None:
    word = f"word{time.time_ns()}"
    assert uploaded(OTHER, OWN, f"MESSAGE={word}\n_HOSTNAME=pg1\n_SYSTEMD_UNIT=postgresql@15-main.service\n") == "202"
    assert on(KEEPER, f"cd /var/log/tracseq; grep -l {word} -r").split("/")[0] == OTHER
    assert f" {OTHER} " in on(KEEPER, f"tracseq-logs --grep {word}")


@pytest.mark.parametrize("away", [60, pytest.param(600, marks=pytest.mark.long)])
def test_not_a_line_is_missing_after_the_log_host_was_away(away: int) -> None:
    """Its cable is pulled; sender, receiver and front are killed before, meanwhile and after."""
    word = f"away{away}"
    number = (away + 60) * RATE
    for sender in SENDERS:
        writes(sender, number, RATE, word)
    killed(KEEPER, *(f"tracseq-journal@{sender}" for sender in SENDERS))
    lab.cut_off(KEEPER)
    began = time.monotonic()
    while time.monotonic() - began < away:
        time.sleep(20)
        for sender in SENDERS:
            killed(sender, UPLOAD)
    lab.plug_in(KEEPER)
    back = time.monotonic()
    lab.eventually(lambda: on(KEEPER, "true") == "")
    killed(KEEPER, *(f"tracseq-journal@{sender}" for sender in SENDERS))
    killed(SENDERS[0], UPLOAD)
    killed(KEEPER, FRONT)
    for sender in SENDERS:
        # What was written before it was back is there.
        lab.eventually(lambda sender=sender: behind(sender) < 10, within=120 - (time.monotonic() - back), every=1)
    print(f"\ncaught up {time.monotonic() - back:.0f} s after {away} s away")
    whole(word, number)


def behind(sender: str) -> float:
    """By how many seconds the log host is behind a sender, as its timer would say it now."""
    on(sender, "systemctl start tracseq-journal-sent")
    said = on(sender, "grep '^tracseq_journal_sent' /var/lib/tracseq-journal-sent/state/journal.prom; date +%s").split()
    return float(said[2]) - float(said[1])


def killed(name: str, *units: str) -> None:
    on(name, "; ".join(f"systemctl kill -s KILL {unit}.service 2>/dev/null || true" for unit in units))


def whole(word: str, number: int, senders: Sequence[str] = SENDERS, keeper: str = KEEPER) -> None:
    """Every line of every sender is there."""
    for sender in senders:
        lab.eventually(lambda s=sender: f"{word} {number - 1:07}" in numbered(s, word, keeper), within=180, every=2)
        found = numbered(sender, word, keeper)
        missing = {f"{word} {one:07}" for one in range(number)} - set(found)
        assert not missing, f"{sender}: {len(missing)} of {number} lines are missing, such as {min(missing)}"
        print(f"\n{sender}: {number} lines, {len(found) - number} of them twice")


def test_a_log_host_that_hangs_is_left_and_tried_again() -> None:
    """Its front is stopped, not ended: the sender gets no answer, and no error."""
    writes(OTHER, 90 * RATE, RATE, "hangs")
    on(KEEPER, f"systemctl kill -s STOP {FRONT}")
    time.sleep(60)
    on(KEEPER, f"systemctl kill -s CONT {FRONT}")
    whole("hangs", 90 * RATE, [OTHER])


def test_a_burst_of_a_gateway_arrives_whole() -> None:
    writes("gw1", 20_000, 2000, "burst")
    whole("burst", 20_000, ["gw1"])


def test_one_trace_is_found_among_a_million_lines_on_balancer_gateway_and_database() -> None:
    on(OTHER, f"cat > /run/million.py <<'PYTHON'\n{SOURCE}\nPYTHON")
    port = hosts(INVENTORY)[KEEPER].data["logs_port"]
    send = f"curl -sS {OWN} -X POST -T - -H 'Content-Type: application/vnd.fdo.journal' https://{KEEPER}:{port}/upload"
    on(OTHER, f'echo "python3 /run/million.py | {send}" > /run/million.sh')
    on(OTHER, "systemd-run --quiet --collect --unit=million sh /run/million.sh")
    lab.eventually(lambda: "active" not in on(OTHER, "systemctl is-active million; true").split(), within=300, every=2)
    primary = next(name for name in ("pg1", "pg2") if on(name, psql("select pg_is_in_recovery()")).strip() == "f")
    on(primary, psql("alter system set log_min_duration_statement = 0", "select pg_reload_conf()"))
    trace = f"{time.time_ns():032x}"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "Authorization": f"Bearer {token(sub='technician-1')}"}
    with client(lab.INVENTORY) as user:
        user.post("/api/nothing/there", headers=headers, content=b"")
    by_hand = shown(f"--request={trace}")
    on(primary, psql("alter system reset log_min_duration_statement", "select pg_reload_conf()"))
    assert {line.split()[2] for line in by_hand if " nginx[" in line} == {"lb1"}
    assert {line.split()[2] for line in by_hand if " postgres[" in line} == {primary}
    [gateway] = [line for line in by_hand if " python[" in line and '"logger": "access"' in line]
    assert gateway.split()[2].startswith("gw")
    # An id of the request alone leads to the same lines of balancer and gateway.
    own = gateway.split('"request_id": "')[1].split('"')[0]
    assert gateway in on(KEEPER, f"tracseq-logs --request={own}")
    by_make = lab.pyinfra("--data", f'request="{trace}"', INVENTORY, "deploys/logs.py")
    assert by_make.code == 0
    assert gateway in by_make.output
    timed = [seconds(f"tracseq-logs --request={trace}") for _ in range(5)]
    # However slow this machine is: reading each line would take several times as long.
    slow = seconds(f"journalctl -q -D /var/log/tracseq/{OTHER} -g no-such-line")
    print(f"\na trace among a million lines: {min(timed):.2f} s; journalctl --grep: {slow:.2f} s")
    assert min(timed) < slow / 2


def seconds(command: str) -> float:
    """How long a command takes on the log host."""
    return float(on(KEEPER, f"bash -c 'TIMEFORMAT=%R; time {command} >/dev/null 2>&1' 2>&1; true"))


def psql(*statements: str) -> str:
    asked = " ".join(f"-c {shlex.quote(one)}" for one in statements)
    return f"cd /; runuser -u postgres -- psql -XAtq {asked}"


def shown(option: str) -> list[str]:
    """What the log host shows, once the database's lines are among it: the audit trail is written every second."""

    def found() -> list[str]:
        lines = on(KEEPER, f"tracseq-logs {option}; true").splitlines()
        return lines if any(" postgres[" in line for line in lines) else []

    return list(lab.eventually(found, within=60, every=1))


def test_no_secret_is_in_the_logs() -> None:
    for name, secret in dotenv_values(".env.lab", interpolate=False).items():
        assert secret
        found = on(KEEPER, f"grep -rlF -f - /var/log/tracseq <<'SECRET'\n{secret}\nSECRET\ntrue", check=False)
        assert found == "", f"{name} is in {found}"


def test_what_is_too_much_goes() -> None:
    """A host that writes without end pushes out only what is its own."""
    before = on(KEEPER, "du -sb /var/log/tracseq/gw1 | cut -f 1")
    on(KEEPER, "tracseq-logs-vacuum /var/log/tracseq 300M 7776000 604800")
    assert int(on(KEEPER, f"du -sb /var/log/tracseq/{OTHER} | cut -f 1")) < 450 << 20
    assert int(on(KEEPER, "du -sb /var/log/tracseq/gw1 | cut -f 1")) >= int(before) // 2


def test_another_host_becomes_the_log_host() -> None:
    """It gets what every host's own journal still has; the one before gives up all but what it has kept."""
    on(OTHER, "logger -t tracseq-scenario 'before the move'")
    moved = lab.site(inventory=MOVED)
    assert moved.code == 0, moved.output
    assert lab.site(inventory=MOVED).changes == {}
    lab.eventually(lambda: kept(OTHER, "-t tracseq-scenario -g 'before the move'", OTHER), within=120, every=2)
    assert on(KEEPER, "ls -d /etc/tracseq/logs /run/tracseq-journal 2>/dev/null; true") == ""
    assert on(KEEPER, "ss -Hltn 'sport = :19532'") == ""
    assert kept("gw1", "-n 1"), "what was received stays"
    writes("gw1", 60 * RATE, RATE, "moved")
    for _ in range(3):
        time.sleep(10)
        killed(OTHER, "tracseq-journal@gw1", FRONT)
        killed("gw1", UPLOAD)
    whole("moved", 60 * RATE, ["gw1"], OTHER)
    assert f"{group('gateways', MOVED)[0].name} " in on(OTHER, "tracseq-logs --host=gw1 --lines=1")
