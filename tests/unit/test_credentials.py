"""What a host is known by, role by role: whoever gets it once, when it starts, is started anew for a renewed one."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from deploys.settings import catalogue, declarations
from deploys.settings.credential import Credential
from deploys.settings.data import Data
from deploys.settings.host import SiteHost
from deploys.settings.shared import EveryHost, Shared
from deploys.settings.site import Site

SOURCE = {"type": "program", "file": "sample", "sha256": "0" * 64}
KNOWN: tuple[type[Data], ...] = (Shared, EveryHost, *declarations.shared())
SERVICES: dict[str, Any] = {
    "chroma": {"source": SOURCE, "hosts": ["mon1"], "port": 8000, "guard_port": 8443, "gateway": False},
    "rag": {
        "source": SOURCE, "hosts": ["mon1"], "port": 8087, "reaches": ["chroma"], "gateway": False, "instances": 2,
        "health": "/health?whole=1", "health_timeout": 7,
    },
}  # fmt: skip
WHEN_IT_STARTS = sorted(
    path.parent.name
    for path in Path("templates").glob("*/*.j2")
    if "LoadCredential=" in (text := path.read_text()) and "server.crt" in text
    if "Type=oneshot" not in text
)
"""Roles whose units run on, and got a certificate when they started."""


@pytest.fixture
def site() -> Site:
    values = runpy.run_path("group_data/all.py") | {
        "environment": "unit", "services": SERVICES, "address": "10.0.0.61", "address6": None,
        "pages_port": 8444, "grafana_port": 3000,
    }  # fmt: skip
    models: dict[type[Data], Data] = {model: model.model_validate(values) for model in KNOWN}
    groups = {"monitoring"} | catalogue.groups_of("mon1", values)
    return Site((SiteHost("mon1", "mon1", frozenset(groups), models),), {}, ())


def of(site: Site, role: str) -> list[Credential]:
    declared = declarations.all_roles()[role].credentials
    assert declared
    return list(declared(site, site.hosts[0]))


def test_the_roles_are_found() -> None:
    assert WHEN_IT_STARTS == ["grafana", "guard", "log_host", "pages"]


@pytest.mark.parametrize("role", WHEN_IT_STARTS)
def test_who_gets_it_when_it_starts_is_started_anew_for_a_renewed_one(site: Site, role: str) -> None:
    [credential] = of(site, role)
    assert credential.restart
    assert credential.take_up.startswith("systemctl try-restart ")


def test_instances_of_a_service_are_started_anew_one_after_the_other(site: Site) -> None:
    first, second = of(site, "services")
    assert first.take_up == (
        "systemctl try-restart tracseq-service-rag-8087.service && for _ in $(seq 7); do curl --silent --fail "
        "--max-time 5 --output /dev/null 'http://127.0.0.1:8087/health?whole=1' && break; sleep 1; done"
    )
    assert second.take_up != first.take_up
    assert (first.certificate, first.place) == (
        "/etc/tracseq/services/rag-8087.crt",
        "/etc/tracseq/services/.rag-8087",
    )


def test_no_two_lie_in_the_same_place(site: Site) -> None:
    places = [one.place for one in declarations.credentials(site, site.hosts[0])]
    assert len(places) == len(set(places)) > len(WHEN_IT_STARTS)
