"""A service that authenticates nobody: who may open its port, who is told of its guard, and what the guard lets in."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import SecretStr, ValidationError

from deploys.controller.authority import Authority
from deploys.controller.services import addresses, environment, guards, names, watched
from deploys.controller.templates import render
from deploys.roles.guard.declaration import UNIT, by_data, on_host
from deploys.settings import catalogue, declarations, rules
from deploys.settings.data import Data
from deploys.settings.host import SiteHost
from deploys.settings.service import Service
from deploys.settings.shared import EveryHost, Shared
from deploys.settings.site import Site

SOURCE = {"type": "program", "file": "sample", "sha256": "0" * 64}
AI_KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")
CHROMA: dict[str, Any] = {
    "source": SOURCE, "hosts": ["app1"], "port": 8000, "guard_port": 8443, "instances": 2, "gateway": False,
    "health": "/api/v2/heartbeat?full=1",
}  # fmt: skip
KNOWN: tuple[type[Data], ...] = (Shared, EveryHost, *declarations.shared())
SERVICES: dict[str, Any] = {
    "chroma": CHROMA,
    "rag": {
        "source": SOURCE, "hosts": ["app1", "app2"], "port": 8087, "reaches": ["chroma"], "secrets": AI_KEYS,
        "gateway": False,
    },
    "mail": {"source": SOURCE, "hosts": ["app2"], "port": 8085, "reaches": ["rag"], "gateway": False},
}  # fmt: skip


def site() -> Site:
    shared = runpy.run_path("group_data/all.py") | {"environment": "unit", "services": SERVICES}

    def host(name: str, number: int, *groups: str) -> SiteHost:
        values = shared | {"address": f"10.0.0.{number}", "address6": None}
        models: dict[type[Data], Data] = {model: model.model_validate(values) for model in KNOWN}
        return SiteHost(name, name, frozenset(groups) | catalogue.groups_of(name, shared), models)

    hosts = (host("gw1", 21, "gateways"), host("app1", 51), host("app2", 52), host("mon1", 61, "monitoring"))
    secrets = {name: SecretStr(f"of {name}") for name in AI_KEYS}
    return Site(hosts, secrets, tuple(catalogue.rules(hosts[0].data(Shared))))


def told(found: Site, name: str, port: int) -> dict[str, str]:
    return environment.variables(found, names.Instance(name, found.shared.services[name], port))


def test_its_host_has_a_guard_and_no_other_has() -> None:
    assert by_data("app1", (), {"services": SERVICES})
    assert not by_data("app2", (), {"services": SERVICES})
    found = site()
    listeners = on_host(found, found.host("app1")).listeners
    assert [(one.port, one.unit) for one in listeners] == [(8443, UNIT), (8444, UNIT)]


def test_the_ports_of_its_guard_are_opened_and_its_own_to_nobody() -> None:
    found = site()
    let_in = {f"{one.address} {one.port}" for one in rules.of_host(found, found.host("app1")) if one.direction == "in"}
    assert let_in == {"10.0.0.52 8443", "10.0.0.52 8444", "10.0.0.61 8443", "10.0.0.61 8444", "10.0.0.61 8087",
                      "10.0.0.52 8087"}  # fmt: skip


def test_its_instances_listen_at_ports_of_their_own() -> None:
    found = site()
    chroma = [one for one in names.of_host(found, found.host("app1")) if one.name == "chroma"]
    assert [(one.port, one.unit) for one in chroma] == [
        (8000, "tracseq-service-chroma-8000.service"),
        (8001, "tracseq-service-chroma-8001.service"),
    ]
    assert told(found, "chroma", 8001)["PORT"] == "8001"


def test_only_those_that_reach_it_are_told_of_its_guard() -> None:
    found = site()
    of_rag = {name: value for name, value in told(found, "rag", 8087).items() if name.startswith("CHROMA")}
    credentials = "/run/credentials/tracseq-service-rag-8087.service"
    assert of_rag == {
        "CHROMA_SERVICE_URL": "https://10.0.0.51:8443,https://10.0.0.51:8444",
        "CHROMA_SERVICE_CA": "/etc/tracseq/authority.crt",
        "CHROMA_SERVICE_CERTIFICATE": f"{credentials}/client.crt",
        "CHROMA_SERVICE_KEY": f"{credentials}/client.key",
    }
    for name, port in (("mail", 8085), ("chroma", 8000)):
        assert not [variable for variable in told(found, name, port) if variable.startswith("CHROMA")]
    assert addresses.urls(found, "rag") == "http://10.0.0.51:8087,http://10.0.0.52:8087"


def test_the_keys_of_ai_are_told_to_one_service() -> None:
    found = site()
    assert {told(found, "rag", 8087)[name] for name in AI_KEYS} == {f"of {name}" for name in AI_KEYS}
    for name, port in (("mail", 8085), ("chroma", 8000)):
        assert not set(AI_KEYS) & told(found, name, port).keys()


def test_monitoring_asks_by_its_guard() -> None:
    asked = [one.url for one in watched.instances(site()) if one.service == "chroma"]
    assert asked == [f"https://10.0.0.51:{port}/api/v2/heartbeat?full=1" for port in (8443, 8444)]


def test_a_guard_knows_each_caller_by_a_certificate_that_is_no_hosts(tmp_path: Path) -> None:
    found = site()
    guarded = list(guards.of_host(found, found.host("app1")))
    assert [(one.port, one.own_port, one.health) for one in guarded] == [
        (8443, 8000, "/api/v2/heartbeat"), (8444, 8001, "/api/v2/heartbeat"),
    ]  # fmt: skip
    assert guarded[0].callers == ("rag.services.app1", "rag.services.app2")
    assert guarded[0].watchers == ("mon1",)
    [rag] = (one for one in declarations.credentials(found, found.host("app2")) if "rag" in one.certificate)
    shown = Authority(str(tmp_path), 86400, 3600).of(rag)
    certificate = x509.load_pem_x509_certificate(shown.certificate.encode())
    [name] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == "rag.services.app2"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_it_is_told_when_what_a_caller_shows_ends() -> None:
    found = site()
    assert "/etc/tracseq/services/rag-8087.crt" in declarations.certificates(found, found.host("app2"))
    assert "/etc/tracseq/services/mail-8085.crt" not in declarations.certificates(found, found.host("app2"))
    assert "/etc/tracseq/guard/server.crt" in declarations.certificates(found, found.host("app1"))


def test_whoever_is_not_named_may_ask_nothing_and_who_watches_only_whether_it_is_well() -> None:
    found = site()
    text = render("guard/nginx.conf.j2", guarded=list(guards.of_host(found, found.host("app1"))))
    assert re.findall(r'"CN=(.+)" (\w+);', text) == 2 * [
        ("rag.services.app1", "service"), ("rag.services.app2", "service"), ("mon1", "watcher"),
    ]  # fmt: skip
    assert "ssl_verify_client on;" in text
    places = re.findall(r"location (.+) {\n +if \((.+)\) {\n +return 403;", text)
    assert places == [
        ("/", "$caller_8443 != service"), ("= /api/v2/heartbeat", '$caller_8443 = ""'),
        ("/", "$caller_8444 != service"), ("= /api/v2/heartbeat", '$caller_8444 = ""'),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"guard_port": 8001}, "its guard would listen at a port of its own"),
        ({"guard_port": 65535}, "its instances would have ports beyond 65535"),
        ({"socket": True}, "systemd would hold its port open to all"),
        ({"vectors": True}, "vectors are in its database: give it one"),
    ],
)
def test_what_does_not_go_together_is_said(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Service.model_validate({**CHROMA, **change})


def test_one_that_runs_elsewhere_has_no_guard_of_ours() -> None:
    with pytest.raises(ValidationError, match="so it runs elsewhere, and guard_port, so it runs here"):
        Service.model_validate({"addresses": ["http://10.9.0.1:8000"], "guard_port": 8443})


def test_one_that_connects_to_nobody_is_left_alone_by_its_unit() -> None:
    assert Service.model_validate(CHROMA).alone
    assert not Service.model_validate({**CHROMA, "database": "chroma"}).alone
    assert not Service.model_validate({**CHROMA, "guard_port": None}).alone
