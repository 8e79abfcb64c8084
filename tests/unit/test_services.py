"""What follows from a catalogue: groups, rules, secrets, addresses, and what each instance is told."""

from __future__ import annotations

import hashlib
import runpy
from typing import Any

import pytest
from pydantic import SecretStr

from deploys.controller.services import addresses, databases, digests, environment, names, redis, watched
from deploys.roles.gateway.declaration import Gateways
from deploys.settings import catalogue, rules
from deploys.settings.data import Data
from deploys.settings.host import SiteHost
from deploys.settings.shared import EveryHost, Shared
from deploys.settings.site import Site

SOURCE = {"type": "program", "file": "sample", "sha256": "0" * 64}
SERVICES: dict[str, Any] = {
    "sample": {
        "source": SOURCE, "hosts": ["app1", "app2"], "port": 8081, "instances": 2, "database": "sample",
        "redis": True, "redis_shared": ["events"], "tokens": True,
    },
    "mail": {
        "source": SOURCE, "hosts": ["app1"], "port": 8085, "secrets": ["SMTP_PASSWORD"], "gateway": False,
        "reaches": ["sample", {"destination": "anywhere", "ports": [587]}], "environment": {"BIND": ":{port}"},
    },
    "rag": {"addresses": ["http://10.9.0.1:8087", "http://[fd09::1]:8088/v1/"]},
}  # fmt: skip


def site(**gateway_environment: str) -> Site:
    shared = runpy.run_path("group_data/all.py") | {"environment": "unit", "services": SERVICES}
    gateways = runpy.run_path("group_data/gateways.py")
    gateways["gateway_environment"] = gateways["gateway_environment"] | gateway_environment

    def host(name: str, number: int, *groups: str) -> SiteHost:
        values = shared | gateways | {"address": f"10.0.0.{number}", "address6": None}
        models: dict[type[Data], Data] = {model: model.model_validate(values) for model in (Shared, EveryHost)}
        if "gateways" in groups:
            models[Gateways] = Gateways.model_validate(values)
        return SiteHost(name, name, frozenset(groups) | catalogue.groups_of(name, shared), models)

    needed = (*catalogue.secrets(Shared.model_validate(shared)), "JWT_SECRET_KEY")
    secrets = {name: SecretStr(f"of {name}") for name in needed}
    hosts = (host("gw1", 21, "gateways"), host("app1", 51), host("app2", 52), host("pg1", 31, "postgres"),
             host("redis1", 41, "redis"), host("mon1", 61, "monitoring"))  # fmt: skip
    return Site(hosts, secrets, tuple(catalogue.rules(hosts[0].data(Shared))))


def told(found: Site, name: str, port: int) -> dict[str, str]:
    return environment.variables(found, names.Instance(name, found.shared.services[name], port))


def test_hosts_are_in_the_groups_of_their_services() -> None:
    assert catalogue.groups_of("app1", {"services": SERVICES}) == {"services", "services.sample", "services.mail"}
    assert catalogue.groups_of("gw1", {"services": SERVICES}) == frozenset()
    wrongs: list[Any] = [None, [], {"sample": None}, {"sample": {"hosts": "app1"}}, {"sample": {"hosts": None}}]
    for wrong in wrongs:
        assert catalogue.groups_of("app1", {"services": wrong}) == frozenset(), "it is said elsewhere what is wrong"


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("gw1", {"out 10.0.0.51 8081", "out 10.0.0.51 8082", "out 10.0.0.52 8081", "out 10.0.0.52 8082",
                 "out 10.9.0.1 8087", "out 10.9.0.1 8088", "out fd09::1 8087", "out fd09::1 8088"}),
        ("app1", {"in 10.0.0.21 8081", "in 10.0.0.21 8082", "in 10.0.0.61 8081", "in 10.0.0.61 8082",
                  "in 10.0.0.61 8085", "out 10.0.0.31 5432", "out 10.0.0.41 6379",
                  "out 10.0.0.52 8081", "out 10.0.0.52 8082", "out 0.0.0.0/0 587", "out ::/0 587"}),
        ("app2", {"in 10.0.0.21 8081", "in 10.0.0.21 8082", "in 10.0.0.61 8081", "in 10.0.0.61 8082",
                  "out 10.0.0.31 5432", "out 10.0.0.41 6379", "in 10.0.0.51 8081", "in 10.0.0.51 8082"}),
        ("pg1", {"in 10.0.0.51 5432", "in 10.0.0.52 5432"}),
        ("redis1", {"in 10.0.0.51 6379", "in 10.0.0.52 6379"}),
        ("mon1", {"out 10.0.0.51 8081", "out 10.0.0.51 8082", "out 10.0.0.52 8081", "out 10.0.0.52 8082",
                  "out 10.0.0.51 8085"}),
    ],
)  # fmt: skip
def test_each_host_reaches_what_its_services_need_and_nothing_else(host: str, wanted: set[str]) -> None:
    found = site()
    assert {f"{one.direction} {one.address} {one.port}" for one in rules.of_host(found, found.host(host))} == wanted


def test_gateways_are_told_of_every_instance_of_those_that_are_for_them() -> None:
    assert addresses.variables(site()) == {
        "SAMPLE_SERVICE_URL": "http://10.0.0.51:8081,http://10.0.0.51:8082,http://10.0.0.52:8081,http://10.0.0.52:8082",
        "RAG_SERVICE_URL": "http://10.9.0.1:8087,http://[fd09::1]:8088/v1",
    }


def test_monitoring_hosts_ask_every_instance_that_the_site_runs() -> None:
    asked = [(one.service, one.host, one.url) for one in watched.instances(site())]
    assert asked == [
        ("sample", "app1", "http://10.0.0.51:8081/health"),
        ("sample", "app1", "http://10.0.0.51:8082/health"),
        ("sample", "app2", "http://10.0.0.52:8081/health"),
        ("sample", "app2", "http://10.0.0.52:8082/health"),
        ("mail", "app1", "http://10.0.0.51:8085/health"),
    ]


def test_a_secret_is_told_to_its_service_alone() -> None:
    found = site()
    assert told(found, "mail", 8085)["SMTP_PASSWORD"] == "of SMTP_PASSWORD"
    assert told(found, "mail", 8085)["BIND"] == ":8085"
    assert "SMTP_PASSWORD" not in told(found, "sample", 8081)
    assert not {"JWT_SECRET_KEY", "REDIS_PASSWORD", "DATABASE_URL"} & told(found, "mail", 8085).keys()
    assert told(found, "sample", 8082)["PORT"] == "8082"


def test_with_rs256_there_is_no_secret_to_tell() -> None:
    assert told(site(), "sample", 8081)["JWT_SECRET_KEY"] == "of JWT_SECRET_KEY"
    public = told(site(JWT_ALGORITHM="RS256", JWT_PUBLIC_KEY="known"), "sample", 8081)
    assert (public["JWT_ALGORITHM"], public["JWT_PUBLIC_KEY"]) == ("RS256", "known")
    assert "JWT_SECRET_KEY" not in public


def test_a_database_and_a_user_of_redis_of_its_own() -> None:
    found = site()
    [database] = databases.of(found)
    assert (database.name, database.networks) == ("sample", ("10.0.0.51/32", "10.0.0.52/32"))
    # Two instances on each of two hosts, and one that was just ended.
    assert database.connections == catalogue.connections(found.shared) == 5 * 5
    assert told(found, "sample", 8081)["DB_POOL_MAX_SIZE"] == "5"
    url = told(found, "sample", 8081)["DATABASE_URL"]
    assert url.startswith("postgresql://sample:of%20SAMPLE_DATABASE_PASSWORD@pg1:5432/sample?target_session_attrs=")
    [user] = redis.users(found)
    assert user == redis.User("sample", hashlib.sha256(b"of SAMPLE_REDIS_PASSWORD").hexdigest(), ("sample", "events"))
    assert "SAMPLE_DATABASE_PASSWORD" not in repr(database)


def test_a_digest_is_read_again_once_the_file_has_changed(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "program"
    file.write_bytes(b"one")
    assert digests.of(file) == digests.of(file) == hashlib.sha256(b"one").hexdigest()
    file.write_bytes(b"two")
    assert digests.of(file) == hashlib.sha256(b"two").hexdigest()
