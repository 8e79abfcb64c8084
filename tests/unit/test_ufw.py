"""ufw's files are written as the kernel lists its rules, and what the kernel has is read back and compared."""

from __future__ import annotations

import shlex

import pytest

from deploys.controller.templates import render
from deploys.engine.new_login import NewLogin
from deploys.facts.ufw import Firewall, Table, table
from deploys.operations import commit_confirmed
from deploys.operations.file_set import Difference, File
from deploys.roles.firewall.table import family_rules
from deploys.settings.rules import HostRule


def user_rules(*rules: HostRule) -> str:
    return render("firewall/user.rules.j2", rules=family_rules(4, rules))


@pytest.mark.parametrize(
    ("rule", "listed", "loaded"),
    [
        (
            HostRule("in", "10.0.0.1/32", 22, "tcp", "allow", "a to b"),
            "### tuple ### allow tcp 22 0.0.0.0/0 any 10.0.0.1 in comment=6120746f2062",
            "-A ufw-user-input -s 10.0.0.1/32 -p tcp -m tcp --dport 22 -j ACCEPT",
        ),
        (
            HostRule("out", "10.0.0.0/8", 53, "udp", "deny", "a to b"),
            "### tuple ### deny udp 53 10.0.0.0/8 any 0.0.0.0/0 out comment=6120746f2062",
            "-A ufw-user-output -d 10.0.0.0/8 -p udp -m udp --dport 53 -j DROP",
        ),
        (
            HostRule("in", "0.0.0.0/0", 22, "tcp", "reject", "a to b"),
            "### tuple ### reject tcp 22 0.0.0.0/0 any 0.0.0.0/0 in comment=6120746f2062",
            "-A ufw-user-input -p tcp -m tcp --dport 22 -j REJECT --reject-with tcp-reset",
        ),
        (
            HostRule("out", "0.0.0.0/0", 53, "udp", "reject", "a to b"),
            "### tuple ### reject udp 53 0.0.0.0/0 any 0.0.0.0/0 out comment=6120746f2062",
            "-A ufw-user-output -p udp -m udp --dport 53 -j REJECT --reject-with icmp-port-unreachable",
        ),
    ],
)
def test_a_rule_is_written_as_ufw_lists_it_and_as_the_kernel_does(rule: HostRule, listed: str, loaded: str) -> None:
    lines = user_rules(rule).splitlines()
    assert lines[lines.index(listed) + 1] == loaded


def test_a_protocol_without_ports_is_written_with_its_number() -> None:
    rule = HostRule("in", "10.0.0.1/32", None, "vrrp", "allow", "a to b")
    lines = user_rules(rule).splitlines()
    listed = "### tuple ### allow vrrp any 0.0.0.0/0 any 10.0.0.1 in comment=6120746f2062"
    assert lines[lines.index(listed) + 1] == "-A ufw-user-input -s 10.0.0.1/32 -p 112 -j ACCEPT"
    assert table(["-A ufw-user-input -s 10.0.0.1/32 -p vrrp -j ACCEPT"]).chains["ufw-user-input"] == (
        "-s 10.0.0.1/32 -p 112 -j ACCEPT",
    )


def test_the_table_has_what_the_rules_and_ufw_itself_put_into_it() -> None:
    rule = HostRule("in", "10.0.0.1/32", 22, "tcp", "allow", "a to b")
    found = family_rules(4, [rule, HostRule("in", "fd00::1/128", 22, "tcp", "allow", "a to b")]).table
    assert found.policies == {"INPUT": "DROP", "OUTPUT": "DROP", "FORWARD": "DROP"}
    assert found.chains["ufw-user-input"] == ("-s 10.0.0.1/32 -p tcp -m tcp --dport 22 -j ACCEPT",)
    assert found.chains["ufw-user-output"] == ()
    assert found.chains["ufw-before-input"][-1] == "-j ufw-user-input"
    assert found.chains["INPUT"][0] == "-j ufw-before-logging-input"
    assert not any(chain.startswith("ufw6") for chain in found.chains)


@pytest.mark.parametrize("family", [4, 6])
def test_every_rule_of_the_files_is_in_the_table_and_none_is_in_it_twice(family: int) -> None:
    rules = family_rules(family, [])
    text = render("firewall/before.rules.j2", rules=rules) + render("firewall/user.rules.j2", rules=rules)
    written = [line.removeprefix("-A ").split(" ", 1) for line in text.splitlines() if line.startswith("-A ")]
    assert written
    for chain, rule in written:
        assert rules.table.chains[chain].count(rule) == 1


def test_a_table_is_read_as_the_kernel_prints_it() -> None:
    lines = ["-P INPUT DROP", "-N ufw-user-input", "-A ufw-user-input -p tcp -j ACCEPT", "-A ufw-user-input -j DROP"]
    assert table(lines) == Table({"INPUT": "DROP"}, {"ufw-user-input": ("-p tcp -j ACCEPT", "-j DROP")})


def test_the_fact_tells_the_families_apart_and_knows_a_bare_host() -> None:
    fact = Firewall()
    fact.command(paths=())
    state = fact.process(["unit\tenabled", "live4\t-P INPUT DROP", "live6\t-P INPUT ACCEPT"])
    assert state.enabled
    assert (state.live[4].policies, state.live[6].policies) == ({"INPUT": "DROP"}, {"INPUT": "ACCEPT"})
    assert fact.process([]) == Firewall.default()
    assert 6 not in fact.process(["live4\t-P INPUT DROP"]).live


def test_a_candidate_arms_its_timer_before_it_touches_anything_and_the_disk_only_over_the_new_login() -> None:
    file = File("/etc/x", "new")
    commands = list(
        commit_confirmed.change(
            "x", Difference((file,), ()), "check", ["put-in-force"], ["put-back"], ["keep-it"], timeout=20
        )
    )
    first, second = (command.get_raw_value() for command in commands)
    assert first.index("check") < first.index("put-back") < first.index("--on-active=30s") < first.index("put-in-force")
    assert "mv -fT /etc/x" not in first
    assert isinstance(commands[1], NewLogin)
    assert second.index("mv -fT /etc/x.tracseq-new /etc/x") < second.index("keep-it") < second.index("systemctl stop")


def test_what_a_timer_runs_has_no_character_that_systemd_would_read_in_its_own_way() -> None:
    file = File("/etc/x", "new")
    command = next(
        commit_confirmed.change("x", Difference((file,), ()), "check", [], [], [], timeout=20)
    ).get_raw_value()
    line = next(line for line in command.splitlines() if line.startswith("systemd-run"))
    words = shlex.split(line)
    run = words[words.index("flock") :]
    assert run == ["flock", "/run/tracseq/x.lock", "sh", "/run/tracseq/commit-confirmed-x/undo"]
