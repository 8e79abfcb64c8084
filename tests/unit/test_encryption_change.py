"""How a site that runs gets to encrypted requests between load balancers and gateways, and back."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra.api.exceptions import PyinfraError

from deploys.controller.releases import encryption
from deploys.controller.releases.slots import Slot
from deploys.facts.balancer import CONFIGURATION, Asks, AsksState
from deploys.facts.gateway import TlsPort
from deploys.roles.gateway import listening

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
    return SimpleNamespace(gateway_tls_port=port, gateway_green_tls_port=green)


@pytest.mark.parametrize(
    ("port", "asks", "expected"),
    [
        pytest.param(None, PLAIN, False, id="in plain text, as it is"),
        pytest.param(None, ENCRYPTED, True, id="back"),
        pytest.param(None, AsksState(), False, id="a new load balancer"),
        pytest.param(None, None, True, id="not in the run: it may still encrypt"),
        pytest.param(8443, PLAIN, True, id="there"),
        pytest.param(8443, ENCRYPTED, False, id="encrypted, as it is"),
        pytest.param(8443, AsksState(), False, id="a new one, or not reached: it will encrypt"),
    ],
)
def test_whether_anybody_asks_otherwise(port: int | None, asks: AsksState | None, expected: bool) -> None:
    same = ENCRYPTED if port else PLAIN
    assert encryption.decided(shared(port), {"lb1": same, "lb2": asks}) is expected


def test_another_port_is_refused_and_a_second_one_is_not() -> None:
    with pytest.raises(PyinfraError, match=r"another than that where lb1 asks gateways \(8443\)"):
        encryption.decided(shared(9443), {"lb1": ENCRYPTED})
    assert encryption.decided(shared(8443, 8444), {"lb1": ENCRYPTED}) is False
    both = AsksState(True, frozenset({8443, 8444}))
    assert encryption.decided(shared(8443), {"lb1": both}) is False
    with pytest.raises(PyinfraError, match="gateway_green_tls_port"):
        encryption.decided(shared(8443, 9444), {"lb1": both})


@pytest.mark.parametrize(("scheme", "port", "expected"), [("http", 8000, PLAIN), ("https", 8443, ENCRYPTED)])
def test_what_nginx_is_told_is_read(tmp_path: Path, scheme: str, port: int, expected: AsksState) -> None:
    file = tmp_path / "tracseq.conf"
    file.write_text(NGINX.replace("SCHEME", scheme).replace("PORT", str(port)))
    assert asked(file) == expected
    assert asked(tmp_path / "none") == AsksState()


def asked(file: Path) -> AsksState:
    fact = Asks()
    return fact.process(printed(fact.command().replace(CONFIGURATION, str(file))))


def printed(command: str) -> list[str]:
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout.splitlines()


def test_where_a_gateway_listens_for_them_is_in_its_file(tmp_path: Path) -> None:
    fact, file = TlsPort(), tmp_path / "gateway.env"
    assert printed(fact.command(file=str(file))) == []
    file.write_text('GATEWAY_PORT="8000"\nGATEWAY_TLS_PORT="8443"\n')
    assert fact.process(printed(fact.command(file=str(file)))) == 8443
    file.write_text('GATEWAY_PORT="8000"\n')
    assert printed(fact.command(file=str(file))) == []


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
