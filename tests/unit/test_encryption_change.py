"""How a site that runs gets to encrypted requests between load balancers and gateways, and back."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra.api.exceptions import PyinfraError

from deploys.controller.releases import encryption
from deploys.controller.releases.encryption import Change
from deploys.controller.releases.slots import Slot
from deploys.facts import balancer
from deploys.facts.balancer import AsksState
from deploys.facts.gateway import Ports, PortsState
from deploys.roles.gateway import listening
from tests.unit.test_file_set_facts import read

PLAIN, ENCRYPTED = AsksState(False, frozenset({8000})), AsksState(True, frozenset({8443}))
NGINX = """
upstream gateways {
    zone gateways 64k;
    server 10.0.0.21:PORT max_fails=3 fail_timeout=30s;  # gw1
    server 10.0.0.22:PORT max_fails=3 fail_timeout=30s;  # gw2
}
upstream challenges {
    server 10.0.0.12:80 max_fails=0;  # lb2
}
server {
    location @of_others {
        proxy_pass http://challenges;
    }
    location / {
        proxy_pass SCHEME://$gateways$out;
    }
}
"""


def shared(port: int | None, green: int | None = None) -> Any:
    return SimpleNamespace(
        gateway_port=8000,
        gateway_green_port=8001 if green else None,
        gateway_tls_port=port,
        gateway_green_tls_port=green,
    )


@pytest.mark.parametrize(
    ("port", "asks", "otherwise", "unknown"),
    [
        pytest.param(None, PLAIN, False, False, id="in plain text, as it is"),
        pytest.param(None, ENCRYPTED, True, False, id="back"),
        pytest.param(None, None, False, True, id="one that is not in the run"),
        pytest.param(None, AsksState(), False, False, id="a new load balancer"),
        pytest.param(8443, PLAIN, True, False, id="there"),
        pytest.param(8443, ENCRYPTED, False, False, id="encrypted, as it is"),
        pytest.param(8443, None, False, True, id="and one that is not in the run"),
        pytest.param(8443, AsksState(), False, False, id="and a new one"),
    ],
)
def test_who_asks_otherwise(port: int | None, asks: AsksState | None, otherwise: bool, unknown: bool) -> None:
    same = ENCRYPTED if port else PLAIN
    change = encryption.decided(shared(port), {"lb1": same, "lb2": asks})
    assert (change.otherwise, change.unknown) == (("lb2",) * otherwise, ("lb2",) * unknown)


def test_another_port_is_refused_and_a_second_one_is_not() -> None:
    with pytest.raises(PyinfraError, match=r"another than that where lb1 asks gateways \(8443\)"):
        encryption.decided(shared(9443), {"lb1": ENCRYPTED})
    assert encryption.decided(shared(8443, 8444), {"lb1": ENCRYPTED}) == Change()
    both = AsksState(True, frozenset({8443, 8444}))
    assert encryption.decided(shared(8443), {"lb1": both}) == Change()
    with pytest.raises(PyinfraError, match="gateway_green_tls_port"):
        encryption.decided(shared(8443, 9444), {"lb1": both})


def test_a_load_balancer_changes_with_all_gateways_or_not_at_all() -> None:
    site: Any = SimpleNamespace(group=lambda name: [SimpleNamespace(name="gw1"), SimpleNamespace(name="gw2")])
    change = Change(otherwise=("lb1",))
    with pytest.raises(PyinfraError, match="lb1 would ask gateways that know nothing of it: gw2 are not in the run"):
        encryption.refuse_without_gateways(site, {"lb1", "gw1"}, "lb1", change)
    encryption.refuse_without_gateways(site, {"lb1", "gw1", "gw2"}, "lb1", change)
    encryption.refuse_without_gateways(site, {"lb2"}, "lb2", change)


@pytest.mark.parametrize(("scheme", "port", "expected"), [("http", 8000, PLAIN), ("https", 8443, ENCRYPTED)])
def test_what_nginx_is_told_is_read(tmp_path: Path, scheme: str, port: int, expected: AsksState) -> None:
    file = tmp_path / "tracseq.conf"
    file.write_text(NGINX.replace("SCHEME", scheme).replace("PORT", str(port)))
    assert asked(file) == expected
    assert asked(tmp_path / "none") == AsksState()


def asked(file: Path) -> AsksState:
    command = balancer.asks().replace(balancer.CONFIGURATION, str(file))
    said = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
    return balancer.asked(line.removeprefix("asks\t") for line in said.splitlines())


def test_one_of_an_older_version_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "tracseq.conf"
    file.write_text("upstream gateways {\n    server 10.0.0.21:8000 max_fails=3;\n}\nproxy_pass http://gateways;\n")
    assert asked(file) == PLAIN


@pytest.mark.parametrize(
    ("listens", "tls", "expected"),
    [
        (["8000"], None, PortsState(True, None)),
        (["8000", "8443"], 8443, PortsState(True, 8443)),
        (["127.0.0.1:8000", "8443"], 8443, PortsState(False, 8443)),
    ],
)
def test_where_other_hosts_ask_a_gateway_is_read(
    tmp_path: Path, listens: list[str], tls: int | None, expected: PortsState
) -> None:
    environment, socket = tmp_path / "gateway.env", tmp_path / "gateway.socket"
    files = {"environment": str(environment), "socket": str(socket)}
    assert read(Ports(), **files) == PortsState()
    environment.write_text('GATEWAY_PORT="8000"\n' + (f'GATEWAY_TLS_PORT="{tls}"\n' if tls else ""))
    socket.write_text("[Socket]\n" + "".join(f"ListenStream={one}\n" for one in listens))
    assert read(Ports(), **files) == expected


@pytest.mark.parametrize(
    ("change", "tls_port", "now", "expected"),
    [
        (Change(), 8443, PortsState(True, 8443), False),
        (Change(otherwise=("lb1",)), 8443, PortsState(), True),
        (Change(unknown=("lb2",)), 8443, PortsState(True, 8443), True),
        (Change(unknown=("lb2",)), 8443, PortsState(False, 8443), False),
        (Change(unknown=("lb2",)), None, PortsState(True, 8443), True),
        (Change(unknown=("lb2",)), None, PortsState(True, None), False),
    ],
)
def test_while_one_is_unknown_nothing_is_opened_or_closed(
    change: Change, tls_port: int | None, now: PortsState, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "of_now", lambda run, slot: now)
    run: Any = SimpleNamespace(encryption=change)
    assert listening.both(run, Slot("blue", 8000, tls_port=tls_port)) is expected


@pytest.mark.parametrize(
    ("tls_port", "both", "expected"),
    [
        (None, False, ["8000"]),
        (None, True, ["8000"]),
        (8443, True, ["8000", "8443"]),
        (8443, False, ["127.0.0.1:8000", "8443"]),
    ],
)
def test_both_ports_are_open_to_others_until_load_balancers_have_changed(
    tls_port: int | None, both: bool, expected: list[str]
) -> None:
    assert listening.listens(Slot("blue", 8000, tls_port=tls_port), both) == expected
