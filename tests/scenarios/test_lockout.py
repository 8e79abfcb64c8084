"""Nobody is locked out: a firewall or an sshd that lets no new login in is undone by the host itself."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests import inventory, lab

FIREWALLS: dict[str, dict[str, Any]] = {
    "the administrators are somewhere else": {
        "networks": {"anywhere": ["0.0.0.0/0", "::/0"], "administrators": ["192.0.2.0/24"], "outside": ["192.0.2.7"]}
    },
    "SSH is let in at another port": {
        "firewall_rules": [{"source": "administrators", "destination": "all", "ports": [2222]}]
    },
    "the controller is denied before it is let in": {
        "firewall_extra_rules": [
            {"source": "administrators", "destination": "all", "ports": ["ssh_port_of_hosts"], "action": "deny"}
        ]
    },
    "SSH is refused from anywhere": {
        "firewall_extra_rules": [{"source": "anywhere", "destination": "all", "ports": [22], "action": "reject"}]
    },
    "nothing is let in at all": {"firewall_rules": []},
}
SERVERS: dict[str, dict[str, Any]] = {
    "sshd lets in nobody that there is": {"sshd_options": ["AllowUsers nobody-else"]},
    "sshd takes no keys": {"sshd_options": ["PubkeyAuthentication no"]},
    "sshd listens for the host alone": {"sshd_options": ["ListenAddress 127.0.0.1"]},
    "sshd listens at another port": {"ssh_port_of_hosts": 2222},
}
LETHAL = FIREWALLS | SERVERS
BENIGN: dict[str, Any] = {"firewall_extra_rules": [{"source": "all", "destination": "all", "ports": [4444]}]}

TIMEOUT = "4s"
STATE = """
iptables -S; ip6tables -S; iptables -t nat -S
cat /etc/default/ufw /etc/ufw/*.rules /etc/ufw/ufw.conf /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*
systemctl is-enabled ufw ssh; systemctl cat ssh.service; /usr/sbin/sshd -T; ss -Hltn | grep -c :22
systemctl list-timers --all --plain --no-legend | grep -e -undo-
ls -d /run/tracseq/commit-confirmed-* 2>/dev/null
true
"""


def arguments(host: str, data: dict[str, Any]) -> list[str]:
    """Of a run on one host with some data of its own."""
    given = [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in data.items()]
    values = [*given, f"confirmation_timeout={TIMEOUT}"]
    return ["--limit", host, *(word for value in values for word in ("--data", value))]


ONE_RUN = threading.Lock()
"""A site has one run at a time; what its hosts then do by themselves, they do at the same time."""


NOT_YET = ("Another run is at work on this site", "The hosts are not ready for a deploy")
"""What a run says while another host still is shut, from the run before it: known there, or not to be reached."""


def run_on(host: str, data: dict[str, Any]) -> lab.Run:
    """A run on one host, once the hosts have seen that the one before it is gone: it may have been shut out."""
    end = time.monotonic() + 90
    while True:
        with ONE_RUN:
            run = lab.site(*arguments(host, data))
        if not any(reason in run.output for reason in NOT_YET) or time.monotonic() > end:
            return run
        time.sleep(1)


def new_login(host: str, command: str) -> str:
    """What a command prints that goes over a new connection."""
    done = subprocess.run(
        ["ssh", "-F", str(inventory.ssh_config(lab.INVENTORY)), "-o", "ControlPath=none", "-o", "ConnectTimeout=2",
         host, "sudo", "sh", "-s"],
        input=command, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def undone(host: str, before: str, within: float) -> None:
    """Wait until a host lets in again and is as it was before."""

    def same() -> bool:
        after = new_login(host, STATE)
        assert after == before, "\n".join(sorted(set(before.splitlines()) ^ set(after.splitlines())))
        return True

    lab.eventually(same, within=within)


def unconfirmed(host: str) -> bool:
    """Whether a host tries a change just now, looked at from below: not over its network."""
    run = Path(f"/proc/{lab.first_process(host)}/root/run/tracseq")
    return any(run.glob("commit-confirmed-*/timer"))


def interrupted(host: str, data: dict[str, Any], interrupt: Callable[[subprocess.Popen[bytes]], None]) -> str:
    """The state of a host before a run that was interrupted while the host tried its change."""
    before = new_login(host, STATE)
    command = [str(Path(sys.executable).parent / "pyinfra"), "-y", *arguments(host, data), lab.INVENTORY, lab.SITE]
    with ONE_RUN:
        end = time.monotonic() + 90
        while True:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            # One that ends by itself was refused: the run before it is still known somewhere.
            while process.poll() is None and not unconfirmed(host):
                time.sleep(0.02)
            if process.poll() is None:
                break
            assert time.monotonic() < end, "the run never got as far as its change"
        interrupt(process)
        process.kill()
        process.wait()
    return before


def hosts_for(cases: list[str]) -> dict[str, list[str]]:
    """The cases, dealt out to the hosts of the lab."""
    names = lab.names()
    return {name: cases[number :: len(names)] for number, name in enumerate(names) if cases[number :: len(names)]}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    """How every lethal change ended: ``undone``, or what was wrong. All hosts have theirs at the same time."""

    def attempt(host: str, case: str) -> str:
        before = new_login(host, STATE)
        run = run_on(host, LETHAL[case])
        ended = time.monotonic()
        if run.code == 0 or "no new login within 4 s" not in run.output:
            return f"the run ended with {run.code}: {run.output}"
        try:
            undone(host, before, within=50)
        except AssertionError as error:
            return f"{host} after {time.monotonic() - ended:.0f} s: {error}"
        return "undone"

    def attempts(item: tuple[str, list[str]]) -> dict[str, str]:
        host, cases = item
        return {case: attempt(host, case) for case in cases}

    with ThreadPoolExecutor() as pool:
        results = pool.map(attempts, hosts_for(list(LETHAL)).items())
    return {case: outcome for result in results for case, outcome in result.items()}


@pytest.mark.parametrize("case", LETHAL)
def test_a_lethal_change_is_undone_by_the_host(case: str, outcomes: dict[str, str]) -> None:
    assert outcomes[case] == "undone"


@pytest.mark.long
def test_what_sshd_itself_refuses_is_never_tried() -> None:
    host = lab.names()[0]
    before = new_login(host, STATE)
    run = run_on(host, {"ssh_forwarding": ["10.77.0.21:99999"]})
    assert run.code != 0
    assert "PermitOpen" in run.output
    assert new_login(host, STATE) == before


def test_a_controller_that_dies_in_between_leaves_the_old_state() -> None:
    cases = [FIREWALLS["nothing is let in at all"], SERVERS["sshd listens for the host alone"], BENIGN]
    names = lab.names()[: len(cases)]

    def attempt(host: str, data: dict[str, Any]) -> None:
        undone(host, interrupted(host, data, lambda process: None), within=60)

    with ThreadPoolExecutor() as pool:
        list(pool.map(attempt, names, cases))


def test_a_host_that_is_rebooted_in_between_comes_back_with_the_old_state() -> None:
    cases = [FIREWALLS["nothing is let in at all"], SERVERS["sshd listens for the host alone"]]
    names = lab.names()[: len(cases)]

    def attempt(host: str, data: dict[str, Any]) -> str:
        return interrupted(host, data, lambda process: lab.pull_the_plug(host))

    with ThreadPoolExecutor() as pool:
        before = list(pool.map(attempt, names, cases))
    lab.up(*names)
    for host, state in zip(names, before, strict=True):
        undone(host, state, within=10)


def test_the_run_after_one_that_died_in_between_finishes_it() -> None:
    host = lab.names()[0]
    interrupted(host, BENIGN, lambda process: None)
    run = run_on(host, BENIGN)
    assert run.code == 0, run.output
    assert lab.site(*arguments(host, BENIGN)).changes == {}
    assert not unconfirmed(host)
    listed = "ufw status; iptables -S ufw-user-input"
    assert "4444" in new_login(host, listed)
    assert lab.site("--limit", host).changes == {}, "others may still ask for it"
    run = lab.site()
    assert run.changes == {"Firewall, afterwards | What no host asks for any more is closed": [host]}
    assert "4444" not in new_login(host, listed), "a rule that is taken out of the data is gone"


BY_HAND = {
    "ufw allow 4444/tcp && ufw allow out 4445/udp": "a rule",
    "iptables -I INPUT -p tcp --dport 4444 -j ACCEPT; ip6tables -P OUTPUT ACCEPT": "a rule before ufw's",
    "iptables -P INPUT ACCEPT; iptables -P OUTPUT ACCEPT; iptables -F": "nothing left of it",
    "ufw disable; systemctl disable --now ufw; systemctl mask ufw": "switched off",
    "head -c 300 /etc/ufw/user.rules > /etc/ufw/half; mv /etc/ufw/half /etc/ufw/user.rules": "half a file",
}


def test_what_somebody_does_to_a_firewall_by_hand_is_gone_after_the_run() -> None:
    chosen = dict(zip(lab.names(), BY_HAND, strict=False))
    before = {host: new_login(host, STATE) for host in chosen}
    for host, command in chosen.items():
        new_login(host, f"{{ {command}; }} >/dev/null 2>&1")
    run = lab.site()
    assert run.code == 0, run.output
    assert sorted(run.changes["Firewall | Ruleset"]) == sorted(chosen)
    assert {host: new_login(host, STATE) for host in chosen} == before
    assert lab.site().changes == {}


FORGETS = """
cd /proc/sys/net/netfilter
before=$(cat nf_conntrack_tcp_timeout_established)
echo 1 > nf_conntrack_tcp_timeout_established
sleep 5
echo $before > nf_conntrack_tcp_timeout_established
"""


def test_a_firewall_that_forgets_a_connection_does_not_make_a_run_wait_for_ever() -> None:
    host = lab.names()[0]
    run = lab.pyinfra("-y", "--limit", host, lab.INVENTORY, "exec", "--", FORGETS, timeout=30)
    assert run.code == 0, run.output
