"""A catalogue with a mistake is a sentence, and no host is touched; one without is what a plan shows."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from tests.lab import pyinfra
from tests.plan.conftest import PlannedCopy

INVENTORY = "tests/plan/inventory.py"
UNTOUCHED = "no host was touched"
PROGRAM = b"#!/bin/sh\nexec true\n"
DIGEST, NO_DIGEST = hashlib.sha256(PROGRAM).hexdigest(), "0" * 64
NETWORKS = '"anywhere": ["0.0.0.0/0"], "administrators": ["10.0.0.0/8"]'


@pytest.fixture
def entry(copy: PlannedCopy) -> dict[str, Any]:
    """An entry that is right."""
    (copy.directory / "sample").write_bytes(PROGRAM)
    source = {"type": "program", "file": "sample", "sha256": DIGEST}
    return {"source": source, "hosts": ["gw1", "gw2"], "port": 8081}


def given(**services: Any) -> tuple[str, str]:
    return "--data", f"services={json.dumps(services)}"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hosts": ["gw1", "app9"]}, "services.sample (in group_data/all.py, or what overrides it): app9 is no host"),
        ({"hosts": ["gw1", "gw1"]}, "gw1 is named twice; instances says how many"),
        ({"hosts": "gw1"}, "hosts is a list: write ['gw1']"),
        ({"hosts": []}, "it needs hosts; one that runs elsewhere has addresses instead"),
        ({"port": 8000}, "port 8000 of gw1 is Gateway's already."),
        ({"port": 7999, "instances": 2}, "port 8000 of gw1 is Gateway's already."),
        ({"port": 65535, "instances": 2}, "its instances would have ports beyond 65535"),
        ({"source": {"type": "program", "file": "sample"}}, "services.sample.source.sha256 is missing"),
        (
            {"source": {"type": "program", "file": "sample", "sha256": NO_DIGEST}},
            f"sample has the digest {DIGEST}, and source.sha256 is {NO_DIGEST}: it is another file",
        ),
        (
            {"source": {"type": "program", "file": "none", "sha256": NO_DIGEST}},
            "source.file is none, which cannot be read on this machine: No such file or directory.",
        ),
        ({"source": {"type": "archive", "file": "sample", "sha256": NO_DIGEST}}, "it needs command"),
        ({"secrets": ["SMS_API_KEY"]}, ".env.plan: SMS_API_KEY is missing."),
        ({"reaches": ["template"]}, "it reaches template, which is no service; there are sample."),
        ({"reaches": [{"destination": "printers", "ports": [631]}]}, "printers is no group and no network"),
        ({"secrets": ["JWT_SECRET_KEY"]}, "write tokens: True in place of the secret JWT_SECRET_KEY"),
        ({"database": "tracseq_prod"}, "the database tracseq_prod is that of the platform's already"),
        ({"guard_port": 8443}, "gateways show no certificate, so with guard_port it needs gateway: False."),
        ({"guard_port": 8000}, "port 8000 of gw1 is Gateway's already."),
        ({"helth": "/health"}, "services.sample.helth"),
        ({"addresses": ["http://10.0.0.98:8081"]}, "and source and hosts and port, so it runs here"),
    ],
)
def test_a_mistake_is_said(copy: PlannedCopy, entry: dict[str, Any], change: dict[str, Any], sentence: str) -> None:
    run = copy.plan(*given(sample={**entry, **change}))
    assert run.code != 0
    assert sentence in run.output
    assert UNTOUCHED in run.output


def test_two_services_with_one_port_on_a_host(copy: PlannedCopy, entry: dict[str, Any]) -> None:
    run = copy.plan(*given(sample={**entry, "instances": 2}, storage={**entry, "port": 8082, "hosts": ["gw2", "gw3"]}))
    assert run.code != 0
    assert "services.storage (in group_data/all.py, or what overrides it): port 8082 of gw2 is services.sample's" in (
        run.output
    )
    assert "of gw3" not in run.output
    assert UNTOUCHED in run.output


@pytest.mark.parametrize(("unit", "refused"), [("sample-8081", False), ("storage-8081", True)])
def test_a_port_may_be_held_by_the_release_before(
    copy: PlannedCopy, entry: dict[str, Any], unit: str, refused: bool
) -> None:
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    held = f'*reached, "listens\\t8081\\tsample-2.0.9\\ttracseq-service-{unit}.service"]'
    (copy.directory / "held.py").write_text(text.replace("*reached]", held))
    run = copy.plan(*given(sample=entry), inventory="held.py")
    assert (run.code != 0) == refused, run.output
    assert ("held by sample-2.0.9" in run.output) == refused


def test_gateways_know_only_some(copy: PlannedCopy, entry: dict[str, Any]) -> None:
    run = copy.plan(*given(library=entry))
    assert run.code != 0
    assert "alone: write gateway: False." in run.output
    assert UNTOUCHED in run.output


def test_one_that_runs_elsewhere_needs_an_address(copy: PlannedCopy) -> None:
    run = copy.plan(*given(rag={"addresses": ["http://rag.example.org:8087"]}))
    assert run.code != 0
    assert "http://rag.example.org:8087/ has a name" in run.output
    assert UNTOUCHED in run.output


@pytest.mark.parametrize(
    ("old", "sentence"),
    [
        ('gateway_services={"SAMPLE": ["http://10.0.0.98:8081"]}', "gateway_services (in group_data, the inventory or"),
        ("service_ports=[8081]", "each service has its port in services (in group_data/all.py)"),
        (f'networks={{{NETWORKS}, "services": []}}', "services is the name of a group too: give the network another"),
        (f'networks={{{NETWORKS}, "redis": []}}', "redis is the name of a group too"),
    ],
)
def test_what_was_called_otherwise_names_the_new_key(copy: PlannedCopy, old: str, sentence: str) -> None:
    run = copy.plan("--data", old)
    assert run.code != 0
    assert sentence in run.output
    assert UNTOUCHED in run.output


def test_more_connections_than_postgres_lets_in(copy: PlannedCopy, entry: dict[str, Any]) -> None:
    (copy.secrets).open("a").write("SAMPLE_DATABASE_PASSWORD=of the service sample, 20+\n")
    run = copy.plan(*given(sample={**entry, "database": "sample", "connections": 12}))
    assert run.code != 0
    assert "96 (gateways, times gateway_workers, times DB_POOL_MAX_SIZE; and 36 of services)" in run.output
    assert "at most 95: postgres_max_connections" in run.output
    pool = ("--data", "postgres_pool_port=6432")
    run = copy.plan(*given(sample={**entry, "database": "sample", "connections": 17}), *pool)
    assert run.code != 0
    assert "postgres_pool_size (in group_data/postgres.py) is 40, and can be at most 39" in run.output
    assert "and 51 for services (connections, in services)" in run.output
    run = copy.plan(*given(sample={**entry, "database": "sample", "connections": 16}), *pool)
    assert run.code == 0, run.output


def test_services_come_by_phases_before_the_gateways_that_know_them(copy: PlannedCopy, entry: dict[str, Any]) -> None:
    storage = {**entry, "port": 8090, "hosts": ["gw3"], "phase": 2, "reaches": ["sample"]}
    run = copy.plan(*given(storage=storage, sample={**entry, "instances": 2}))
    assert run.code == 0, run.output
    names = [one["name"] for one in run.json["plan"]]
    hosts = {name: hosts for name, hosts in run.changes.items() if "runs it on port" in name}
    assert hosts == {
        f"Services | sample runs it on port {port}, one instance at a time": ["@fake/gw1", "@fake/gw2"]
        for port in (8081, 8082)
    } | {"Services | storage runs it on port 8090, one instance at a time": ["@fake/gw3"]}
    places = [names.index(one) for one in (
        "Services' releases | sample: release beside those that run",
        "Services | sample runs it on port 8081, one instance at a time",
        "Services: those of the phase before are well",
        "Services | storage runs it on port 8090, one instance at a time",
        "Gateway | Gateway runs it, one host at a time",
        "Services | Those that the catalogue has no more are gone",
    )]  # fmt: skip
    assert places == sorted(places)


def test_what_was_prepared_needs_neither_the_file_nor_secrets_to_be_made(
    copy: PlannedCopy, entry: dict[str, Any]
) -> None:
    catalogue = given(sample=entry)
    elsewhere = copy.secrets.rename(copy.secrets.with_name("elsewhere"))
    made = pyinfra(*catalogue, INVENTORY, "deploys/prepare_services.py", directory=copy.directory)
    assert made.code == 0, made.output
    assert ".cache/services has what hosts unpack of: sample." in made.output
    elsewhere.rename(copy.secrets)
    (copy.directory / "sample").unlink()
    run = copy.plan(*catalogue)
    assert run.code == 0, run.output
    other = {**entry, "source": {**entry["source"], "sha256": NO_DIGEST}}
    assert "source.file is sample, which cannot be read" in copy.plan(*given(sample=other)).output


def test_vectors_need_a_debian_that_has_them(copy: PlannedCopy, entry: dict[str, Any]) -> None:
    (copy.secrets).open("a").write("SAMPLE_DATABASE_PASSWORD=of the service sample, 20+\n")
    vectors = given(sample={**entry, "database": "sample", "vectors": True})
    run = copy.plan(*vectors)
    assert run.code != 0
    for name in ("pg1", "pg2", "backup1"):
        assert re.search(
            rf"{name} +vectors, in services +Debian 12 has no pgvector +Debian 13 .*, or Chroma "
            r"\(docs/operations/services.md\)",
            run.output,
        )
    text = (copy.directory / "tests/plan/inventory.py").read_text()
    (copy.directory / "newer.py").write_text(text.replace("version\\t12", "version\\t13"))
    run = copy.plan(*vectors, inventory="newer.py")
    assert run.code == 0, run.output
    assert run.changes["Postgres primary | Vectors"] == ["@fake/pg1"]


def test_a_guard_comes_before_services_and_goes_after_them(copy: PlannedCopy, entry: dict[str, Any]) -> None:
    guarded = {**entry, "hosts": ["lb1"], "guard_port": 8443, "gateway": False}
    run = copy.plan(*given(chroma=guarded, sample={**entry, "port": 8090, "reaches": ["chroma"]}))
    assert run.code == 0, run.output
    names = [one["name"] for one in run.json["plan"]]
    guard = "Guard | nginx before services that authenticate nobody"
    assert run.changes[guard] == ["@fake/lb1"]
    assert names.index(guard) < names.index("Services | sample runs it on port 8090, one instance at a time")
