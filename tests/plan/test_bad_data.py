"""What is wrong with the data is said, all of it at once, before a host is touched."""

from __future__ import annotations

import socket

import pytest

from deploys.controller.authority import Authority
from tests.lab import pyinfra
from tests.plan.conftest import PlannedCopy

UNTOUCHED = "no host was touched"


def test_no_file_of_secrets(copy: PlannedCopy) -> None:
    copy.secrets.unlink()
    run = copy.plan()
    assert run.code != 0
    assert ".env.plan: there is no such file. Copy .env.example to it" in run.output
    assert UNTOUCHED in run.output


def test_a_secret_is_missing_and_another_is_weak(copy: PlannedCopy) -> None:
    lines = copy.secrets.read_text().splitlines()
    lines = [line for line in lines if not line.startswith("REDIS_PASSWORD")]
    lines = ["JWT_SECRET_KEY=short" if line.startswith("JWT") else line for line in lines]
    copy.secrets.write_text("\n".join(lines))
    run = copy.plan()
    assert run.code != 0
    assert ".env.plan: REDIS_PASSWORD is missing." in run.output
    assert ".env.plan: JWT_SECRET_KEY is weak: it has 5 characters and needs 32." in run.output
    assert "short" not in run.output
    assert UNTOUCHED in run.output


@pytest.mark.parametrize("value", ["aaaaaaaaaaaaaaaaaaaaaaaa", "my-password-my-password-my", "changeme-changeme-12"])
def test_a_guessable_secret(copy: PlannedCopy, value: str) -> None:
    lines = copy.secrets.read_text().splitlines()
    lines = [f"REDIS_PASSWORD={value}" if line.startswith("REDIS") else line for line in lines]
    copy.secrets.write_text("\n".join(lines))
    run = copy.plan()
    assert run.code != 0
    assert "REDIS_PASSWORD is weak" in run.output
    assert value not in run.output


def test_secrets_that_others_can_read(copy: PlannedCopy) -> None:
    copy.secrets.chmod(0o644)
    run = copy.plan()
    assert run.code != 0
    assert "others can read it. Run: chmod 600 .env.plan" in run.output


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("gateway_port", "0", "gateway_port (in group_data/all.py, or what overrides it)"),
        ("journal_size", "much", "'much' is no size"),
        ("certificate_renewal", "soon", "'soon' is no duration"),
        ("postgres_first_primary", "pg9", "pg9 is no host of the group postgres"),
        ("postgres_synchronous", "2", "is more than the number of replicas, 1: every write would wait for ever"),
        ("upstream_fail_timeout", "1 fortnight", "(in group_data/load_balancers.py"),
        ("networks", '{"anywhere": ["10.0.0.0/99"]}', "'10.0.0.0/99' is no address and no network"),
    ],
)
def test_a_value_that_is_none(copy: PlannedCopy, key: str, value: str, sentence: str) -> None:
    run = copy.plan("--data", f"{key}={value}")
    assert run.code != 0
    assert sentence in run.output
    assert UNTOUCHED in run.output


def test_an_address_that_is_none(copy: PlannedCopy) -> None:
    inventory = copy.directory / "wrong.py"
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    inventory.write_text(text.replace('"address": f"10.0.0.{number}"', '"address": f"10.0.0.{number}00"'))
    run = copy.plan(inventory="wrong.py")
    assert run.code != 0
    assert "pg1: address (in the inventory, or what overrides it): '10.0.0.3100' is no IPv4 address" in run.output
    assert "gw1: address" in run.output, "all that is wrong is listed, not only the first"
    assert UNTOUCHED in run.output


def test_two_hosts_with_one_address(copy: PlannedCopy) -> None:
    inventory = copy.directory / "twice.py"
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    inventory.write_text(text.replace('_host("gw3", 23)', '_host("gw3", 22)'))
    run = copy.plan(inventory="twice.py")
    assert run.code != 0
    assert "gw3 and gw2 have the same address 10.0.0.22" in run.output


def test_a_group_without_hosts(copy: PlannedCopy) -> None:
    inventory = copy.directory / "lonely.py"
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    inventory.write_text(text.replace('redis = [_host("redis1", 41)]', "redis = []"))
    run = copy.plan(inventory="lonely.py")
    assert run.code != 0
    assert "the inventory's group redis has no hosts" in run.output
    assert UNTOUCHED in run.output


def test_a_template_that_uses_an_undefined_name(copy: PlannedCopy) -> None:
    template = copy.own("templates") / "redis" / "redis.conf.j2"
    template.write_text(template.read_text() + "maxclients {{ no_such_value }}\n")
    run = copy.plan()
    assert run.code != 0
    assert "templates/redis/redis.conf.j2" in run.output
    assert "'no_such_value' is undefined" in run.output
    assert UNTOUCHED.capitalize() in run.output


def test_an_inventory_that_is_not_there(copy: PlannedCopy) -> None:
    run = copy.plan(inventory="inventories/prodution.py")
    assert run.code != 0
    assert "There is no inventory inventories/prodution.py. There are:" in run.output
    assert "inventories/production.py" in run.output


def test_a_limit_that_names_nobody(copy: PlannedCopy) -> None:
    run = copy.plan("--limit", "gatways")
    assert run.code != 0
    assert "--limit gatways: tests/plan/inventory.py has no host or group of that name" in run.output
    assert "gateways" in run.output


def test_a_run_from_the_wrong_directory(copy: PlannedCopy) -> None:
    run = pyinfra("--dry", "../tests/plan/inventory.py", "site.py", directory=copy.directory / "deploys")
    assert run.code != 0
    assert "run pyinfra from the repository's root" in run.output


def test_a_certificate_of_your_own_that_is_not_there(copy: PlannedCopy) -> None:
    run = copy.plan("--data", "certificate_file=own.crt", "--data", "certificate_key_file=own.key")
    assert run.code != 0
    assert "lb1: certificate_file and certificate_key_file (in group_data/load_balancers.py)" in run.output
    assert "own.crt" in run.output
    assert UNTOUCHED.capitalize() in run.output


def test_a_certificate_of_your_own_is_taken(copy: PlannedCopy) -> None:
    own = Authority(str(copy.directory / "own"), 365 * 86400.0, 30 * 86400.0).leaf("site", ["api.example.org"])
    (copy.directory / "own.crt").write_text(own.certificate)
    (copy.directory / "own.key").write_text(own.key)
    run = copy.plan("--diff", "--data", "certificate_file=own.crt", "--data", "certificate_key_file=own.key")
    assert run.code == 0, run.output
    assert own.certificate.splitlines()[1] in run.output
    assert own.key.splitlines()[1] not in run.output


@pytest.mark.parametrize(
    ("key", "near"),
    [("gateway_memroy", "gateway_memory"), ("redis_memry", "redis_memory"), ("time_server", "time_servers")],
)
def test_a_misspelt_value(copy: PlannedCopy, key: str, near: str) -> None:
    run = copy.plan("--data", f"{key}=1")
    assert run.code != 0
    assert f"{key} (in group_data, the inventory or --data) is no value of a site: did you mean {near}?" in run.output
    assert UNTOUCHED in run.output


@pytest.mark.parametrize(("key", "value"), [("break_lock", "somebody"), ("restart", True)])
def test_a_value_of_one_run_in_group_data(copy: PlannedCopy, key: str, value: object) -> None:
    file = copy.own("group_data") / "all.py"
    file.write_text(file.read_text() + f"{key} = {value!r}\n")
    run = copy.plan()
    assert run.code != 0
    assert f"{key} is for one run: give it on the command line" in run.output


def test_a_shared_value_that_differs_between_hosts(copy: PlannedCopy) -> None:
    file = copy.own("group_data") / "postgres.py"
    file.write_text(file.read_text() + "postgres_port = 6000\n")
    run = copy.plan()
    assert run.code != 0
    assert "postgres_port is 5432 on lb1 and 6000 on pg1: the whole site shares it" in run.output
    assert UNTOUCHED in run.output


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (
            '{"source": "all", "destination": "all", "ports": ["domain"]}',
            "domain is no port and no value that holds one",
        ),
        ('{"source": "nobody", "destination": "all", "ports": [1]}', "nobody is no group and no network"),
        ('{"who": "all", "whom": "all", "ports": [1]}', "a rule's who is called source now"),
    ],
)
def test_a_rule_that_means_nothing(copy: PlannedCopy, rule: str, sentence: str) -> None:
    run = copy.plan("--data", f"firewall_extra_rules=[{rule}]")
    assert run.code != 0
    assert sentence in run.output


def test_wrong_data_is_said_before_any_host_is_connected_to(copy: PlannedCopy) -> None:
    copy.secrets.unlink()
    run = copy.plan()
    assert "Connecting to hosts" not in run.output
    assert "Connected" not in run.output


def test_data_alone_is_checked_without_a_connection(copy: PlannedCopy) -> None:
    run = pyinfra("tests/plan/inventory.py", "deploys/check_data.py", directory=copy.directory)
    assert run.code == 0, run.output
    assert "The data of 8 hosts is valid" in run.output
    assert "Connect" not in run.output
    copy.secrets.unlink()
    run = pyinfra("tests/plan/inventory.py", "deploys/check_data.py", directory=copy.directory)
    assert run.code != 0
    assert ".env.plan: there is no such file" in run.output


def test_hosts_that_do_not_answer_say_so_in_a_line_each(copy: PlannedCopy) -> None:
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    address = f'"ssh_hostname": "127.0.0.1", "ssh_port": {closed},'
    text = text.replace('f"@fake/{name}"', "name").replace(
        '"environment": "plan",', f'"environment": "plan", {address}'
    )
    (copy.directory / "away.py").write_text(text)
    run = copy.plan(inventory="away.py")
    assert run.code != 0
    lines = [line for line in run.output.splitlines() if "Could not connect" in line]
    assert len(lines) == 8
    assert all("is it switched on, does its sshd listen at 127.0.0.1" in line for line in lines)
    assert "Traceback" not in run.output


def test_a_plan_makes_no_authority(copy: PlannedCopy) -> None:
    directory = copy.directory / "authority"
    assert copy.plan("--data", f"authority_directory={directory}").code == 0
    assert not directory.exists()


def test_more_connections_than_postgres_lets_in(copy: PlannedCopy) -> None:
    run = copy.plan("--data", "gateway_workers=2")
    assert run.code != 0
    assert "120 (gateways, times gateway_workers, times DB_POOL_MAX_SIZE)" in run.output
    assert "at most 95" in run.output


def test_more_memory_for_redis_than_half_of_the_host(copy: PlannedCopy) -> None:
    run = copy.plan("--data", "redis_memory=5GB")
    assert run.code != 0
    assert "at most half of the host's 8.0 GB" in run.output
