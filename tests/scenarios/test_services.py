"""The platform's services, from a catalogue: ten of them on both Debians, as strangers that know nothing of a site."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests import lab
from tests.inventory import hosts
from tests.scenarios import strangers
from tests.scenarios.hosts_behave import proved
from tests.scenarios.strangers import BOOKWORM, HOSTS, INVENTORY, TRIXIE, asked, ssh

pytestmark = pytest.mark.long


@pytest.fixture(scope="module", autouse=True)
def site_with_services(site_as_it_should_be: None) -> Iterator[None]:
    with strangers.running(strangers.catalogue):
        yield


def test_a_second_run_changes_nothing() -> None:
    again = strangers.deployed()
    assert again.code == 0, again.output
    assert again.changes == {}


def test_every_instance_is_as_the_catalogue_has_it_and_every_port_as_the_rules_have_it() -> None:
    proved(INVENTORY, "services", "ports")


def test_gateways_know_them_all_and_reach_them() -> None:
    addresses = {name: host.data["address"] for name, host in hosts(INVENTORY).items()}
    text = lab.ssh("gw1", "cat /etc/tracseq/gateway.env")
    sample = ",".join(f"http://{addresses[name]}:{port}" for name in HOSTS for port in (8081, 8082))
    assert f'SAMPLE_SERVICE_URL="{sample}"' in text
    assert "EVENT_SERVICE_URL" not in text, "it is not for users"
    detailed = json.loads(lab.ssh("gw1", "curl -sS -m 20 http://127.0.0.1:8000/health/detailed"))
    wanted = {name for name, entry in strangers.catalogue().items() if entry.get("gateway", True)}
    assert set(detailed["services"]) == wanted
    for name in HOSTS:
        assert "200" in lab.ssh("gw1", f"curl -sS -m 5 -o /dev/null -w '%{{http_code}}' {addresses[name]}:8081/health")


def test_a_secret_reaches_its_service_and_nobody_else() -> None:
    told = asked(BOOKWORM, 8085)["variables"]
    assert all(len(told[name]) > 20 for name in strangers.OF_NOTIFICATION)
    assert told["SMTP_FROM"] == '"$lab" `a` \\ %n'
    patterns = " ".join(f"-e {name}=" for name in ("SMTP_HOST", *strangers.OF_NOTIFICATION))
    for name in HOSTS:
        holders = ssh(name, f"grep -lsa {patterns} /proc/[0-9]*/environ | xargs -r -n1 dirname | xargs -r -n1 "
                            "sh -c 'cat $0/cgroup' | grep -o 'tracseq-service-[a-z]*' | sort -u; "
                            f"grep -ls {patterns} /etc/tracseq/services/*; true")  # fmt: skip
        mine = ["tracseq-service-notification", "/etc/tracseq/services/notification-8085.env"]
        assert holders.split() == (mine if name == BOOKWORM else [])


def test_each_source_runs_as_it_is_meant_to() -> None:
    of_image = asked(TRIXIE, 8091)
    assert of_image["variables"]["OF_IMAGE"] == "yes"
    assert of_image["user"] != 0
    main = ssh(TRIXIE, "systemctl show -p MainPID --value tracseq-service-template-8091").strip()
    assert "doc" not in ssh(TRIXIE, f"ls /proc/{main}/root/usr/share").split()
    assert ssh(TRIXIE, f"ls /proc/{main}/root/etc/shadow 2>&1", check=False) != "/etc/shadow"
    assert "httpbin" in ssh(BOOKWORM, "curl -sS -m 5 http://127.0.0.1:8088/")
    assert "pushgateway" in ssh(BOOKWORM, "curl -sS -m 5 http://127.0.0.1:8080/metrics")


def test_a_tree_on_the_hosts_is_what_was_sent() -> None:
    """Nothing that runs there, and nothing of systemd, has made anything in it: so a comparison tells the truth."""
    for name in HOSTS:
        release = ssh(name, "readlink /opt/tracseq/services/template/8091").strip()
        tree = f"/opt/tracseq/services/template/{release}/tree"
        newer = ssh(name, f"find {tree} -newer {tree}/../.complete | head; find {tree} -perm /7000 | head")
        assert newer == ""


def test_a_database_of_its_own_and_no_other() -> None:
    url = asked(TRIXIE, 8091)["variables"]["DATABASE_URL"]
    ssh(TRIXIE, "command -v psql >/dev/null || apt-get install -y -qq postgresql-client >/dev/null 2>&1")
    ask = f"psql -XAtq '{url}' -c"
    assert ssh(TRIXIE, f"{ask} 'create table if not exists t (n int); select current_user'").strip() == "template"
    for database in ("tracseq_prod", "sequencing", "postgres"):
        other = url.replace("/template?", f"/{database}?")
        assert "no pg_hba.conf entry" in ssh(TRIXIE, f"psql -XAtq '{other}' -c 'select 1' 2>&1", check=False)
    assert "permission denied" in ssh(TRIXIE, f"{ask} 'create role r' 2>&1", check=False)


def test_a_user_of_redis_for_its_own_keys() -> None:
    told = asked(TRIXIE, 8084)["variables"]
    host, port = hosts(INVENTORY)["redis1"].data["address"], hosts(INVENTORY)["redis1"].data["redis_port"]
    lines = "\n".join([
        f"AUTH {told['REDIS_USERNAME']} {told['REDIS_PASSWORD']}", "SET sequencing:a 1", "XADD events:s * a b",
        "SET other 1", "CONFIG GET requirepass",
    ])  # fmt: skip
    said = lab.ssh("redis1", f"redis-cli -h {host} -p {port} <<'EOF'\n{lines}\nEOF").split("\n")
    assert said[:2] == ["OK", "OK"]
    assert sum("NOPERM" in line for line in said) == 2


def test_one_that_is_taken_out_of_the_catalogue_is_gone_and_its_data_is_not() -> None:
    entries = strangers.catalogue()
    del entries["library"], entries["event"]
    entries["transaction"]["reaches"] = ["sample"]
    run = strangers.deployed(entries)
    assert run.code == 0, run.output
    left = ssh(BOOKWORM, "ls -d /opt/tracseq/services/* /etc/tracseq/services/* /etc/systemd/system/tracseq-service-*; "
                         "systemctl list-units --all --plain --no-legend 'tracseq-service-*'")  # fmt: skip
    assert "library" not in left
    assert "event" not in left
    assert "sample-8082" in left
    assert "library" in ssh(BOOKWORM, "ls /var/lib/private")
    assert "LIBRARY" not in lab.ssh("gw1", "cat /etc/tracseq/gateway.env")
    assert strangers.deployed().changes == {}
