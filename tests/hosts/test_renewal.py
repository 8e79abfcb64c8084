"""A host that renews its certificates: each is the site's, for its key, and the key is its owner's alone."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from testinfra.host import Host

from tests import inventory, lab

testinfra_hosts = inventory.hosts_of("all")

KEEPER = next(iter(inventory.hosts().values())).data["certificate_authority"]
pytestmark = pytest.mark.skipif(not KEEPER, reason="runs renew the certificates of this site")


@pytest.fixture
def entries(host: Host) -> list[dict[str, Any]]:
    """What it renews."""
    found: list[dict[str, Any]] = json.loads(host.file("/etc/tracseq/renewal/settings.json").content_string)[
        "certificates"
    ]
    return found


def test_its_timer_looks_after_them_and_nothing_failed(host: Host) -> None:
    assert host.service("tracseq-renewal.timer").is_running
    assert host.check_output("systemctl show --property=Result --value tracseq-renewal.service") == "success"


def succeeds(host: Host, command: str) -> bool:
    return bool(host.run(command).rc == 0)


def test_each_leads_to_the_root_and_has_its_key(host: Host, entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        certificate, key = entry["certificate"], entry["key"]
        asked = (
            f"openssl verify -CAfile /etc/tracseq/authority.crt -untrusted {certificate} {certificate} && "
            f'[ "$(openssl x509 -in {certificate} -noout -pubkey)" = "$(openssl pkey -in {key} -pubout)" ]'
        )
        # Where lifetimes are minutes, both may be renewed while they are read.
        lab.eventually(partial(succeeds, host, asked), within=10)


def test_a_key_is_its_owners_alone(host: Host, entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        said = host.check_output(f"stat --dereference --format='%U %G %a' {entry['key']}")
        assert said == f"{entry['owner']} {entry['group']} {entry['mode']}"
        assert entry["mode"] in ("600", "640")


def test_the_key_that_signs_is_on_one_host_and_no_service_may_read_it(host: Host, name: str) -> None:
    file = host.file("/etc/tracseq/certificate-authority/authority.key")
    assert file.exists == (name == KEEPER)
    if file.exists:
        assert (file.user, file.mode) == ("root", 0o600)
        pid = host.check_output("systemctl show --property=MainPID --value tracseq-certificate-authority.service")
        assert host.check_output(f"stat -c %u /proc/{pid}") != "0"


def test_whoever_shows_nothing_gets_nothing(host: Host) -> None:
    data = inventory.hosts()[KEEPER].data
    url = f"http://{data['address']}:{data['certificate_authority_port']}/"
    asked = f"curl -s -m 10 -o /dev/null -w '%{{http_code}}' --data-binary nothing {url}"
    assert host.check_output(asked) == "403"
