"""Lifetimes of minutes: the site renews every certificate three times under load, and nobody is turned away."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import lab, ledger
from tests.beside import beside
from tests.inventory import group, hosts
from tests.ledger import Ledger
from tests.scenarios import postgres, strangers
from tests.users import Users

pytestmark = pytest.mark.long

INVENTORY = "inventories/lab_renewal.py"
AUTHORITY, KEEPER = (hosts(INVENTORY)["lb1"].data[key] for key in ("authority_directory", "certificate_authority"))
LIFETIME = 180
"""Seconds: a certificate is renewed after 60, and a run would do it after 120."""
TIMES = 3
WRITES, READS = 50, 50
SETTINGS = "/etc/tracseq/renewal/settings.json"
UNIT = "tracseq-renewal.service"
GUARDED, CALLER = "lb1", "gw1"
"""Where a service is that authenticates nobody, and one that reaches it."""
GUARD, INSTANCES = 8443, (8191, 8192)
SERVED = {
    "/etc/tracseq/postgres": (5432, "-starttls postgres"),
    "/etc/tracseq/backup-server": (8432, ""),
    "/etc/nginx/tls": (443, ""),
    "/etc/tracseq/guard": (GUARD, ""),
}
"""Where a host answers with what is in a directory."""


def catalogue() -> dict[str, Any]:
    """The lab's own services, one with a guard before it, and one that passes the guard by what its host renews."""
    stranger = {"source": strangers.program(), "gateway": False}
    return {
        **hosts(lab.INVENTORY)[CALLER].data["services"],
        "library": {**stranger, "hosts": [GUARDED], "port": 8190, "guard_port": GUARD},
        "rag": {**stranger, "hosts": [CALLER], "port": INSTANCES[0], "instances": 2, "reaches": ["library"]},
    }


def deployed(lifetime: str) -> lab.Run:
    return lab.site("--data", f"certificate_renewed_lifetime={lifetime}", inventory=INVENTORY)


@pytest.fixture(scope="module", autouse=True)
def site(site_as_it_should_be: None) -> Iterator[None]:
    shutil.rmtree(Path(AUTHORITY).parent, ignore_errors=True)
    shutil.copytree(".state/lab/authority", AUTHORITY)
    strangers.given(catalogue())
    hosts.cache_clear()
    run = deployed("30d")
    assert run.code == 0, run.output
    ledger.serve(postgres.found().primary, inventory=INVENTORY)
    lab.eventually(lambda: ledger.answers(INVENTORY), within=120, every=1)
    yield
    ledger.gone()
    strangers.given({})
    run = lab.site()
    assert run.code == 0, run.output
    shutil.rmtree(Path(AUTHORITY).parent)
    for name in (GUARDED, CALLER):
        lab.ssh(name, "rm -rf /var/lib/private/tracseq-service-* /var/lib/tracseq-service-*")
    assert lab.site().changes == {}
    for name in hosts(INVENTORY):
        found = "find /etc/tracseq /etc/nginx/tls -name '.server' -o -name '.client' -o -name '.site'"
        assert lab.ssh(name, f"{found} 2>/dev/null", check=False) == ""


def certificates(name: str) -> dict[str, str]:
    """The serial of each certificate of a host, by path."""
    settings = json.loads(lab.ssh(name, f"cat {SETTINGS}"))
    paths = [one["certificate"] for one in settings["certificates"]]
    asked = "".join(f"openssl x509 -noout -serial -in {path}\n" for path in paths)
    return dict(zip(paths, lab.ssh(name, asked).split(), strict=True)) if paths else {}


def of_host(name: str, since: str) -> dict[str, int]:
    """How often each certificate of a host was renewed."""
    lines = lab.ssh(name, f"journalctl --unit={UNIT} --since=@{since} --output=cat --no-pager").splitlines()
    return {path: sum(line.startswith(f"{path} is renewed, until ") for line in lines) for path in certificates(name)}


def renewed(since: str) -> dict[tuple[str, str], int]:
    """How often each certificate of the site was renewed."""
    return {(name, path): times for name in hosts(INVENTORY) for path, times in of_host(name, since).items()}


class Callers:
    """Who opens connection after connection to a load balancer, and trusts the site's authority alone."""

    def __init__(self) -> None:
        self.served: set[bytes] = set()
        self.handshakes = 0
        self.failed: list[str] = []
        self._ended = threading.Event()

    @contextmanager
    def calling(self) -> Iterator[None]:
        context = ssl.create_default_context(cafile=f"{AUTHORITY}/authority.crt")
        address = group("load_balancers", INVENTORY)[0].data["address"]

        def call() -> None:
            while not self._ended.wait(0.02):
                try:
                    with (
                        socket.create_connection((address, 443), timeout=10) as plain,
                        context.wrap_socket(plain, server_hostname="tracseq.lab.example.org") as connection,
                    ):
                        self.served.add(connection.getpeercert(binary_form=True) or b"")
                    self.handshakes += 1
                except OSError as error:
                    self.failed.append(f"{time.strftime('%H:%M:%S')} {error!r}")

        with beside(call, self._ended):
            yield


def test_every_certificate_is_renewed_three_times_under_load_without_a_run() -> None:
    judge, readers, callers = Ledger(INVENTORY), Users(INVENTORY), Callers()
    keys = {name: keys_of(name) for name in hosts(INVENTORY)}
    with judge.writing(WRITES), readers.reading("/api/samples/kept/read", READS), callers.calling():
        judge.more(WRITES)
        run = deployed(f"{LIFETIME}s")
        since = lab.ssh(KEEPER, "date +%s").strip()
        assert run.code == 0, run.output
        lab.eventually(lambda: min(renewed(since).values()) >= TIMES, within=3 * LIFETIME, every=10)
        judge.more(WRITES)
    found = renewed(since)
    print(
        f"\n{len(found)} certificates, each renewed {min(found.values())} to {max(found.values())} times; "
        f"{len(judge.acknowledged)} writes, {readers.answered} reads ({readers.repeated} again), "
        f"{callers.handshakes} handshakes with {len(callers.served)} certificates; "
        f"{len(judge.failed)} + {len(readers.failed)} + {len(callers.failed)} failed"
    )
    assert (judge.failed, readers.failed, readers.repeated, callers.failed) == ([], [], 0, [])
    assert judge.lost(postgres.found().primary) == set()
    assert len(callers.served) > TIMES
    assert not any(keys[name] & keys_of(name) for name in keys), "each has a new key"


def keys_of(name: str) -> set[str]:
    """Digests of the keys of a host."""
    paths = [path.replace(".crt", ".key") for path in certificates(name)]
    return {line.split()[0] for line in lab.ssh(name, f"sha256sum {' '.join(paths)}").splitlines()} if paths else set()


def test_what_is_served_is_what_was_renewed() -> None:
    for name in hosts(INVENTORY):
        for directory, (port, how) in SERVED.items():
            if f"{directory}/server.crt" in certificates(name) or f"{directory}/site.crt" in certificates(name):
                lab.eventually(partial(serves, name, directory, port, how), within=30, every=1)


def serves(name: str, directory: str, port: int, how: str) -> bool:
    """Whether a host answers with what is in its file, and its chain leads to the site's authority."""
    said = lab.ssh(
        name,
        f"openssl s_client -connect 127.0.0.1:{port} {how} -CAfile /etc/tracseq/authority.crt -verify_return_error "
        f"</dev/null 2>/dev/null | openssl x509 -noout -serial; openssl x509 -noout -serial -in {directory}/s*.crt",
    ).split()
    return len(said) == 2 and said[0] == said[1]


def test_a_service_passes_a_guard_by_what_its_host_has_renewed() -> None:
    for port in INSTANCES:
        lab.eventually(partial(passes, port), within=60, every=2)


def passes(port: int) -> bool:
    """Whether an instance has what is in its file, and the guard lets it in by that."""
    address = hosts(INVENTORY)[GUARDED].data["address"]
    said = lab.ssh(
        CALLER,
        f"cd /run/credentials/tracseq-service-rag-{port}.service && curl -s -m 10 -o /dev/null -w '%{{http_code}}\\n' "
        f"--cacert /etc/tracseq/authority.crt --cert client.crt --key client.key https://{address}:{GUARD}/; "
        f"openssl x509 -noout -serial -in client.crt; "
        f"openssl x509 -noout -serial -in /etc/tracseq/services/rag-{port}.crt",
        check=False,
    ).split()
    return len(said) == 3 and said[0] == "200" and said[1] == said[2]


def test_the_backup_host_is_known_by_its_renewed_certificate() -> None:
    servers = [host.name for host in group("postgres", INVENTORY)]
    connection = json.loads(lab.ssh(KEEPER, "cat /etc/tracseq/backup/settings.json"))["connection"]
    for name in servers:
        said = lab.ssh(KEEPER, f"cd / && runuser -u pgbackrest -- psql -XAtqc 'select 1' 'host={name} {connection}'")
        assert said.strip() == "1"
    lab.ssh(KEEPER, "systemctl start tracseq-backup-state.service")


def test_a_run_believes_the_hosts_and_changes_nothing() -> None:
    before = {name: certificates(name) for name in hosts(INVENTORY)}
    run = deployed(f"{LIFETIME}s")
    assert run.code == 0, run.output
    assert run.changes == {}
    assert all(set(certificates(name)) == set(before[name]) for name in before)


def test_no_key_that_a_host_made_is_on_this_machine() -> None:
    keys = [path.read_text() for path in Path(AUTHORITY).glob("*.key")]
    for name in hosts(INVENTORY):
        for path in certificates(name):
            assert lab.ssh(name, f"cat {path.replace('.crt', '.key')}") not in keys


def test_an_authority_that_was_away_costs_nothing() -> None:
    lab.ssh(KEEPER, "systemctl stop tracseq-certificate-authority.socket tracseq-certificate-authority.service")
    try:
        metric = "cat /var/lib/tracseq-renewal/state/renewal.prom"
        told = lab.ssh("pg1", metric)
        assert all(f"tracseq_renewal_{name}{{" in told for name in ("failed", "late_timestamp_seconds"))
        lab.eventually(lambda: "} 1\n" in lab.ssh("pg1", metric), within=LIFETIME, every=2)
        assert ledger.answers(INVENTORY)
    finally:
        lab.ssh(KEEPER, "systemctl start tracseq-certificate-authority.socket")
    lab.eventually(lambda: "} 1\n" not in lab.ssh("pg1", metric), within=60, every=2)


def revoke(*data: str) -> lab.Run:
    given = [word for one in data for word in ("--data", one)]
    return lab.pyinfra("-y", "--json", *given, INVENTORY, "deploys/revoke.py")


def test_a_revoked_host_is_cut_off_and_its_certificates_are_renewed_by_a_run_alone() -> None:
    host = hosts(INVENTORY)["redis1"]
    asked = f"timeout 3 bash -c '</dev/tcp/{host.data['address']}/{host.data['redis_port']}' 2>&1 && echo open"
    assert "open" in lab.ssh("gw1", asked, check=False)
    run = revoke("host=redis1")
    assert run.code == 0, run.output
    assert "open" not in lab.ssh("gw1", asked, check=False)
    assert lab.ssh("redis1", f"timeout 3 bash -c '</dev/tcp/{KEEPER}/22' && echo open", check=False) == ""
    run = revoke("host=redis1", "undo=true")
    assert run.code == 0, run.output
    assert "open" in lab.ssh("gw1", asked, check=False)
    said = f"journalctl --unit={UNIT} --lines=20 --output=cat --no-pager"
    lab.eventually(
        lambda: "redis1: certificates of redis1 were revoked" in lab.ssh("redis1", said), within=LIFETIME, every=5
    )
    before = certificates("redis1")
    run = deployed(f"{LIFETIME}s")
    assert run.code == 0, run.output
    lab.eventually(lambda: not set(before.values()) & set(certificates("redis1").values()), within=60, every=2)
    since = lab.ssh("redis1", "date +%s").strip()
    lab.eventually(lambda: min(of_host("redis1", since).values()) > 0, within=LIFETIME, every=5)
