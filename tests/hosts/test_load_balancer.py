"""The load balancer: TLS as it should be, redirects, headers, and nginx running with its files."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from testinfra.host import Host

from tests import inventory, lab

testinfra_hosts = inventory.hosts_of("load_balancers")
SSLYZE = Path(".venv-sslyze/bin/sslyze")


def _authority(data: dict[str, Any]) -> str:
    directory = data["authority_directory"].format(environment=data["environment"])
    return f"{directory}/authority.crt"


@pytest.fixture
def client(data: dict[str, Any]) -> httpx.Client:
    """A client that trusts the site's authority alone, and finds the site without DNS."""
    context = ssl.create_default_context(cafile=_authority(data))
    transport = httpx.HTTPTransport(verify=context, http2=False)
    return httpx.Client(
        transport=transport,
        base_url=f"https://{data['address']}",
        headers={"Host": data["domain"]},
        timeout=10,
    )


def _handshake(data: dict[str, Any], version: ssl.TLSVersion) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=_authority(data))
    context.minimum_version = context.maximum_version = version
    # OpenSSL's own defaults would refuse to offer TLS 1.1: the refusal must be the server's.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.set_alpn_protocols(["h2", "http/1.1"])
    raw = socket.create_connection((data["address"], 443), timeout=10)
    return context.wrap_socket(raw, server_hostname=data["domain"])


def test_the_site_answers_verified_against_its_authority(client: httpx.Client) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_it_speaks_modern_tls_and_http2(data: dict[str, Any], version: ssl.TLSVersion) -> None:
    with _handshake(data, version) as connection:
        assert connection.selected_alpn_protocol() == "h2"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_it_refuses_old_tls(data: dict[str, Any], version: ssl.TLSVersion) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
        _handshake(data, version)


def test_mozillas_intermediate_profile_is_met(data: dict[str, Any]) -> None:
    assert SSLYZE.exists(), "sslyze is missing: `make .venv-sslyze` installs it."
    done = subprocess.run(
        [str(SSLYZE), "--mozilla_config", "intermediate", "--certinfo_ca_file", _authority(data),
         f"{data['domain']}:443{{{data['address']}}}"],
        capture_output=True, text=True, timeout=300, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]


def test_plain_http_is_sent_to_https(data: dict[str, Any]) -> None:
    response = httpx.get(f"http://{data['address']}/api/samples?page=2", headers={"Host": data["domain"]}, timeout=10)
    assert response.status_code == 308
    assert response.headers["location"] == f"https://{data['domain']}/api/samples?page=2"


def test_security_headers_are_there_once(client: httpx.Client, data: dict[str, Any]) -> None:
    for path in ("/health", "/api/nothing/here"):
        headers = client.get(path).headers
        for name in (
            "strict-transport-security",
            "x-content-type-options",
            "x-frame-options",
            "referrer-policy",
        ):
            assert len(headers.get_list(name)) == 1, name
        assert "nginx/" not in headers.get("server", "")


def test_all_gateways_serve(client: httpx.Client) -> None:
    names = {host.name for host in inventory.group("gateways")}
    seen = {client.get("/health").json()["hostname"] for _ in range(10 * len(names))}
    assert seen == names


def test_health_is_not_logged_and_requests_are(host: Host, client: httpx.Client) -> None:
    """In the journal, with the id of the request, and with that of the trace where a client began one."""
    trace = f"{time.time_ns():032x}"
    client.get("/health", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    client.get("/api/nothing/logged", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    command = f"journalctl --quiet --output=cat --identifier=nginx --since=-1min --grep={trace}; true"
    [line] = lab.eventually(lambda: host.check_output(command).splitlines())
    assert "/api/nothing/logged" in line
    assert re.search(rf" [0-9a-f]{{32}} {trace} ", line)


def test_nginx_runs_with_what_is_on_disk(host: Host) -> None:
    assert host.run("nginx -t -q").rc == 0
    shown = host.check_output("nginx -T 2>/dev/null")
    for path in ("/etc/nginx/nginx.conf", "/etc/nginx/conf.d/tracseq.conf"):
        assert f"# configuration file {path}:" in shown
        assert host.file(path).content_string.strip() in shown
    configured = [
        line.split(":")[0].split()[-1]
        for line in shown.splitlines()
        if line.startswith("# configuration file /etc/nginx/")
    ]
    extra = [path for path in configured if path.startswith(("/etc/nginx/sites", "/etc/nginx/conf.d"))]
    assert extra == ["/etc/nginx/conf.d/tracseq.conf"]


def test_every_gateway_is_an_upstream(host: Host, data: dict[str, Any]) -> None:
    shown = host.check_output("nginx -T 2>/dev/null")
    assert "least_conn;" in shown
    for gateway in inventory.group("gateways"):
        assert f"server {gateway.data['address']}:{data['gateway_tls_port'] or data['gateway_port']} " in shown


def test_gateways_know_it_by_its_certificate(host: Host, data: dict[str, Any]) -> None:
    if not data["gateway_tls_port"]:
        pytest.skip("gateways are asked without encryption")
    shown = "--cacert /etc/tracseq/authority.crt --cert /etc/nginx/tls/client.crt --key /etc/nginx/tls/client.key"
    for gateway in inventory.group("gateways"):
        url = f"https://{gateway.data['address']}:{data['gateway_tls_port']}/health"
        assert '"ok"' in host.check_output(f"curl -sS -m 10 {shown} {url}")
    key = host.file("/etc/nginx/tls/client.key")
    assert (key.user, key.mode) == ("root", 0o600)


def test_the_key_is_closed_to_others(host: Host) -> None:
    key = host.file("/etc/nginx/tls/site.key")
    assert (key.user, key.mode) == ("root", 0o600)


def test_only_health_itself_is_for_the_world(client: httpx.Client) -> None:
    assert client.get("/health").status_code == 200
    for path in ("/health/detailed", "/health/ready", "/health/", "/healthy", "/metrics"):
        answer = client.get(path)
        assert answer.status_code in (401, 404), path
        assert "database" not in answer.text
