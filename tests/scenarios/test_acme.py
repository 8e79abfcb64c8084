"""The public name's certificate comes by ACME, on both load balancers, whoever has the address; no user notices."""

from __future__ import annotations

import base64
import secrets
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.controller.acme import SECRET
from deploys.roles.acme.apply import TURN
from tests import lab
from tests.copy import Copy
from tests.inventory import hosts
from tests.scenarios import acme
from tests.scenarios.acme import NAME
from tests.scenarios.balancers import (
    ADDRESSES,
    BALANCERS,
    DATA,
    INVENTORY,
    owner,
    two_balancers,
    watched,
)

pytestmark = pytest.mark.long
"""A second balancer is made for them, which takes minutes."""

WITHIN = 30.0
"""Seconds in which a certificate comes."""
OWN = {name: hosts(INVENTORY)[name].data["address"] for name in BALANCERS}
GIVEN = tuple(part for one in acme.DATA_OF_SITE for part in ("--data", one))


@pytest.fixture(scope="module", autouse=True)
def site_with_two_balancers(site_as_it_should_be: None) -> Iterator[None]:
    with two_balancers(), acme.server(ADDRESSES[0]):
        yield


def of_site() -> str:
    directory = DATA["authority_directory"].format(environment=DATA["environment"])
    return Path(f"{directory}/authority.crt").read_text()


def serials(trusted: str) -> dict[str, int]:
    """What each balancer shows, as users see it who trust this root."""
    return {name: acme.shown(address, trusted).serial_number for name, address in OWN.items()}


def asked() -> None:
    """Have both balancers ask for another certificate."""
    # One that is at work, because a run has just changed it, may have looked already whether it was asked.
    idle = "while [ $(systemctl is-active tracseq-acme.service) = activating ]; do sleep 0.1; done"
    for name in BALANCERS:
        command = f"{idle}; touch /var/lib/tracseq-acme/now; systemctl start --no-block tracseq-acme.service"
        lab.ssh(name, command, inventory=INVENTORY)


def metrics(name: str) -> dict[str, float]:
    text = lab.ssh(name, "cat /var/lib/tracseq-acme/state/acme.prom", inventory=INVENTORY)
    pairs = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {metric.removeprefix("tracseq_acme_"): float(value) for metric, value in pairs}


def renewed(before: dict[str, int], trusted: str) -> float:
    """Have both renew; for how long that took, in seconds."""
    began = time.monotonic()
    asked()
    lab.eventually(lambda: not set(serials(trusted).items()) & set(before.items()), within=WITHIN)
    return time.monotonic() - began


def test_without_an_authority_the_site_answers_with_its_own_and_is_deployed() -> None:
    acme.stopped()
    run = lab.site(*GIVEN, inventory=INVENTORY)
    assert run.code == 0, run.output
    assert len(set(serials(of_site()).values())) == 1
    lab.eventually(lambda: all(metrics(name)["failures"] == 1 for name in BALANCERS))
    assert all(metrics(name)["late_timestamp_seconds"] == 0 for name in BALANCERS)
    again = lab.site(*GIVEN, inventory=INVENTORY)
    assert again.code == 0, again.output
    assert again.changes == {}


def test_both_get_one_whoever_has_the_address() -> None:
    """Each has a key of its own; the one without the address is asked by the other."""
    acme.started()
    root, before = acme.root(), serials(of_site())
    first = renewed(before, root)
    found = serials(root)
    assert len(set(found.values())) == 2
    was = owner()
    lab.ssh(was, "systemctl restart keepalived", inventory=INVENTORY)
    lab.eventually(lambda: owner() != was)
    second = renewed(found, root)
    print(f"\nfirst certificates after {first:.1f} s, with the address on the other after {second:.1f} s", flush=True)
    assert all(metrics(name)["failures"] == 0 for name in BALANCERS)
    assert all(metrics(name)["late_timestamp_seconds"] > time.time() + 20 * 86400 for name in BALANCERS)


def test_a_second_run_changes_nothing() -> None:
    run = lab.site(*GIVEN, inventory=INVENTORY)
    assert run.code == 0, run.output
    assert run.changes == {}


def test_a_renewal_loses_no_request_and_ends_no_connection() -> None:
    root = acme.root()
    context = ssl.create_default_context(cadata=root)
    request = f"GET /health HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()
    kept = context.wrap_socket(socket.create_connection((ADDRESSES[0], 443), timeout=10), server_hostname=NAME)
    with watched(every=0.01, trusted=root) as watch:
        kept.sendall(request)
        assert kept.recv(4096).startswith(b"HTTP/1.1 200 ")
        for _ in range(3):
            renewed(serials(root), root)
        kept.sendall(request)
        assert kept.recv(4096).startswith(b"HTTP/1.1 200 "), "its connection is the one that it had"
    kept.close()
    watch.told("both balancers renewed three times")
    assert watch.failed() == []


def test_the_old_one_is_shown_while_the_authority_is_gone() -> None:
    root = acme.root()
    before = serials(root)
    acme.stopped()
    asked()
    lab.eventually(lambda: all(metrics(name)["failures"] == 1 for name in BALANCERS))
    for name in BALANCERS:
        # It is left alone for a while.
        lab.ssh(name, "systemctl start tracseq-acme.service", inventory=INVENTORY)
        assert metrics(name)["failures"] == 1
    assert serials(root) == before
    run = lab.site(*GIVEN, "--data", "request_burst=4001", inventory=INVENTORY)
    assert run.code == 0, run.output
    assert serials(root) == before
    acme.started()


def test_what_is_not_right_is_not_shown() -> None:
    """A key of another certificate, and a link to what its user cannot read."""
    name = BALANCERS[0]
    got = f"/var/lib/tracseq-acme/lego/certificates/{NAME}"
    before = lab.ssh(name, "readlink /etc/nginx/tls/shown", inventory=INVENTORY)
    other = f"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {got}.key 2>/dev/null"
    linked = f"ln -sf /etc/tracseq/metrics/server.key {got}.key; ln -sf /etc/nginx/tls/site.crt {got}.crt"
    for wrong, why in ((other, "do not belong together"), (linked, "cannot be read")):
        lab.ssh(
            name,
            f"cp -a {got}.key /root/kept.key; cp -a {got}.crt /root/kept.crt\n"
            f"{wrong}; chown -h tracseq-acme {got}.key; echo >> {got}.crt",
            inventory=INVENTORY,
        )
        said = lab.ssh(
            name,
            "systemctl start tracseq-acme-shown.service; journalctl -u tracseq-acme-shown.service -n 20 -o cat\n"
            f"mv /root/kept.key {got}.key; mv /root/kept.crt {got}.crt; systemctl start tracseq-acme-shown.service",
            inventory=INVENTORY,
        )
        assert why in said
        assert lab.ssh(name, "readlink /etc/nginx/tls/shown", inventory=INVENTORY) == before


def test_by_a_record_of_a_name_server(tmp_path: Path) -> None:
    """One after the other, as an update takes away the record of another one."""
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    copy = Copy(tmp_path, "lab")
    copy.secrets.write_text(f"{Path('.env.lab').read_text()}{SECRET}={secret}\n")
    data = ("acme_challenge=dns-01", f"acme_dns_server={acme.ADDRESS}", f"acme_dns_key={acme.KEY}")
    acme.stopped()
    with acme.name_server(secret):
        more = tuple(part for one in data for part in ("--data", one))
        run = lab.site(*GIVEN, *more, inventory=INVENTORY, directory=tmp_path)
        assert run.code == 0, run.output
        acme.started("127.0.0.1:53")
        root, began, took = acme.root(), time.monotonic(), []
        asked()
        for name, turn in zip(BALANCERS, (0, TURN), strict=True):
            lab.eventually(lambda name=name: acme.shown(OWN[name], root), within=turn + WITHIN)
            took.append(time.monotonic() - began)
        assert secret not in lab.ssh(BALANCERS[0], "journalctl -b -o cat", inventory=INVENTORY)
    print(f"\nby a record: {took[0]:.1f} s and {took[1]:.1f} s", flush=True)


def test_without_it_the_site_has_its_own_again() -> None:
    run = lab.site(inventory=INVENTORY)
    assert run.code == 0, run.output
    assert len(set(serials(of_site()).values())) == 1
    for name in BALANCERS:
        left = "ls -d /etc/nginx/tls/* /var/lib/tracseq-acme /etc/tracseq/acme 2>/dev/null; true"
        found = lab.ssh(name, left, inventory=INVENTORY).split()
        assert found == ["/etc/nginx/tls/site.crt", "/etc/nginx/tls/site.key"]
