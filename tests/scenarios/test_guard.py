"""A service that authenticates nobody is reached by those alone that are to reach it: Chroma, on a load balancer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from deploys.controller.authority import Authority
from deploys.controller.certificates import Certificate
from deploys.settings import secrets
from tests import lab, reach
from tests.inventory import hosts
from tests.scenarios import strangers
from tests.scenarios.hosts_behave import proved

pytestmark = pytest.mark.long

CHROMA_HOST, RAG_HOST, ELSEWHERE = "lb1", "gw1", "gw2"
GUARD, OWN, HEALTH = 8443, 8190, "/api/v2/heartbeat"
READER = Path("tests/scenarios/services/reader.py")
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")
GONE = "tracseq-service-chroma"


def catalogue() -> dict[str, Any]:
    """Chroma, a service that keeps vectors in it, and one that has nothing to do with either."""
    return {
        "sample": {"addresses": [f"http://{hosts()['gw1'].data['networks']['outside'][0]}:8081"]},
        "chroma": {
            "source": strangers.source("wheels", Path("tests/scenarios/services/chroma.lock")),
            "hosts": [CHROMA_HOST],
            "port": OWN,
            "guard_port": GUARD,
            "command": ["bin/chroma", "run", "--host", "127.0.0.1", "--port", "{port}", "--path", f"/var/lib/{GONE}"],
            "health": HEALTH,
            "gateway": False,
        },
        "rag": {
            "source": strangers.source("program", READER),
            "hosts": [RAG_HOST],
            "port": 8191,
            "secrets": list(KEYS),
            "reaches": ["chroma"],
            "gateway": False,
        },
        "library": {
            "source": strangers.program(),
            "hosts": [RAG_HOST, ELSEWHERE],
            "port": 8192,
            "gateway": False,
        },
    }


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The lab's own machines; by its name it has the data of a lab with services."""
    path = tmp_path_factory.mktemp("guard") / "lab_services.py"
    # For what group_data/lab.py says.
    path.write_text(
        f"{Path(lab.INVENTORY).read_text()}\nlab = [*load_balancers, *gateways, *postgres, *redis, *backups]\n"
    )
    return str(path)


def deployed(services: dict[str, Any], inventory: str) -> lab.Run:
    strangers.given(services)
    # The first time Chroma's wheels are fetched, and packed: 106 MB.
    return lab.site(inventory=inventory, timeout=1500)


@pytest.fixture(scope="module", autouse=True)
def with_chroma(site_as_it_should_be: None, inventory: str) -> Iterator[None]:
    secrets.invent(".env.lab", KEYS)
    run = deployed(catalogue(), inventory)
    assert run.code == 0, run.output
    yield
    strangers.given({})
    gone = lab.site()
    assert gone.code == 0, gone.output
    for name in (CHROMA_HOST, RAG_HOST, ELSEWHERE):
        lab.ssh(name, "rm -rf /var/lib/private/tracseq-service-* /var/lib/tracseq-service-*")


def asked(port: int, path: str = "/") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.ssh(RAG_HOST, f"curl -sS -m 30 http://127.0.0.1:{port}{path}"))
    return found


def status(name: str, certificate: Certificate | None = None, path: str = HEALTH) -> str:
    """What the guard answers to somebody on a host: a status, or 000."""
    address = hosts()[CHROMA_HOST].data["address"]
    shown = f"--cert {shows(name, certificate)}" if certificate else ""
    command = "curl -s -m 10 -o /dev/null -w '%{http_code}' --cacert /etc/tracseq/authority.crt"
    return lab.ssh(name, f"{command} {shown} https://{address}:{GUARD}{path}; rm -f /root/shown.pem", check=False)


def shows(name: str, certificate: Certificate) -> str:
    lab.ssh(name, f"umask 077; cat > /root/shown.pem <<'EOF'\n{certificate.certificate}{certificate.key}EOF")
    return "/root/shown.pem"


def client(directory: str, common_name: str) -> Certificate:
    """A client's certificate of an authority, which keeps nothing of it."""
    return Authority(directory, 86400, 3600, kept=False).leaf("x", [common_name], ExtendedKeyUsageOID.CLIENT_AUTH)


def test_a_service_that_reaches_it_works_with_it() -> None:
    assert asked(8191, "/vectors")["nearest"] == "reads"


def test_a_second_run_changes_nothing(inventory: str) -> None:
    again = deployed(catalogue(), inventory)
    assert again.code == 0, again.output
    assert again.changes == {}


def test_every_instance_is_as_the_catalogue_has_it_and_every_port_as_the_rules_have_it(inventory: str) -> None:
    proved(inventory, "guard", "services", "ports")


def test_only_certificates_of_those_that_reach_it_are_taken(tmp_path: Path) -> None:
    site = ".state/lab/authority"
    mine = f"rag.services.{RAG_HOST}"
    assert status(RAG_HOST, client(site, mine)) == "200"
    assert status(RAG_HOST, client(site, f"library.services.{RAG_HOST}")) == "403"
    assert status(RAG_HOST, client(site, RAG_HOST)) == "403"
    assert status(RAG_HOST, client(str(tmp_path), mine)) == "400"
    assert status(RAG_HOST) == "400"


def test_its_ports_are_closed_to_hosts_without_such_a_service() -> None:
    address, mine = hosts()[CHROMA_HOST].data["address"], f"rag.services.{RAG_HOST}"
    assert status(ELSEWHERE, client(".state/lab/authority", mine)) == "000"
    for name in (RAG_HOST, ELSEWHERE, "outsider1"):
        assert reach.is_dropped(name, address, OWN), name
    listens = lab.ssh(CHROMA_HOST, f"ss -Hltn 'sport = :{OWN}' | awk '{{print $4}}'").split()
    assert listens == [f"127.0.0.1:{OWN}"]


def test_what_it_shows_and_its_secrets_are_that_services_alone() -> None:
    told, others = asked(8191), asked(8192)
    assert all(len(told["variables"][name]) > 20 for name in KEYS)
    assert not [name for name in others["variables"] if name in KEYS or name.startswith("CHROMA")]
    key = told["variables"]["CHROMA_SERVICE_KEY"]
    as_other = f"setpriv --reuid={others['user']} --clear-groups cat {key} 2>&1"
    assert "Permission denied" in lab.ssh(RAG_HOST, as_other, check=False)
    assert lab.ssh(RAG_HOST, "find /etc/tracseq/services -name '*.key' -perm /077") == ""
    pattern = " ".join(f"-e {name}=" for name in KEYS)
    for name in (CHROMA_HOST, RAG_HOST, ELSEWHERE):
        holders = lab.ssh(name, f"grep -lsa {pattern} /proc/[0-9]*/environ | xargs -r -n1 dirname | xargs -r -n1 "
                                "sh -c 'cat $0/cgroup' | grep -o 'tracseq-service-[a-z]*' | sort -u; "
                                f"grep -ls {pattern} -r /etc/tracseq; true")  # fmt: skip
        mine = ["tracseq-service-rag", "/etc/tracseq/services/rag-8191.env"]
        assert holders.split() == (mine if name == RAG_HOST else [])


def test_the_guard_and_the_load_balancer_are_apart() -> None:
    assert lab.ssh(CHROMA_HOST, "curl -sk -m 10 -o /dev/null -w '%{http_code}' https://127.0.0.1/health") == "200"
    said = lab.ssh(CHROMA_HOST, "journalctl -u tracseq-guard -t tracseq_guard -n 50 -o cat")
    assert f"CN=rag.services.{RAG_HOST} {GUARD}" in said


def test_one_that_is_taken_out_takes_its_guard_along(inventory: str) -> None:
    entries = catalogue()
    del entries["chroma"]
    entries["rag"]["reaches"] = []
    run = deployed(entries, inventory)
    assert run.code == 0, run.output
    left = lab.ssh(CHROMA_HOST, "ls -d /etc/tracseq/guard /etc/systemd/system/tracseq-guard* /opt/tracseq/services "
                                "/var/lib/tracseq/applied/tracseq-guard* 2>/dev/null; ss -Hltn",
                   check=False)  # fmt: skip
    assert "tracseq" not in left
    assert f":{GUARD} " not in left
    assert lab.ssh(RAG_HOST, "ls /etc/tracseq/services").split() == ["library-8192.env", "rag-8191.env"]
    assert lab.ssh(CHROMA_HOST, "systemctl is-active nginx.service").strip() == "active"
    assert deployed(entries, inventory).changes == {}
