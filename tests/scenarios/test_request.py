"""A request's whole way: user, load balancer, gateway, service, and the audit trail on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import lab
from tests.client import client
from tests.tokens import encoded, token

SERVICE = "outsider1"
PORT = 8081
ANSWER = r"""
while IFS= read -r line && [ "$line" != "$(printf '\r')" ]; do said="$said$line
"; done
printf 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n'
printf 'Content-Length: %d\r\n\r\n%s' ${#said} "$said"
"""


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[None]:
    """A service of the platform, on a machine outside of the site: it answers with the head of what it was asked."""
    lab.ssh(
        SERVICE,
        f"cat > /run/answer <<'EOF'\n{ANSWER}\nEOF\n"
        f"systemd-run --collect --unit=answer systemd-socket-activate --accept --inetd -l {PORT} sh /run/answer",
    )
    yield
    lab.ssh(SERVICE, "systemctl stop answer; rm /run/answer")


def test_nobody_gets_in_without_a_token() -> None:
    with client(lab.INVENTORY) as user:
        assert user.get("/api/samples/7").status_code == 401
        forged = token(sub="mallory").rpartition(".")[0] + "." + encoded(b"no signature of ours")
        assert user.get("/api/samples/7", headers={"Authorization": f"Bearer {forged}"}).status_code == 401


def test_a_write_reaches_the_service_and_is_in_the_audit_trail_of_both_databases() -> None:
    headers = {
        "Authorization": f"Bearer {token(sub='technician-1', tenant_id='lab-north', roles=['technician'])}",
        "X-User-ID": "director",
        "X-Forwarded-For": "192.0.2.99",
    }
    with client(lab.INVENTORY) as user:
        answer = lab.eventually(lambda: _well(user.post("/api/samples/7/results", headers=headers, content=b"")))
    seen = dict(line.split(": ", 1) for line in answer.text.splitlines() if ": " in line)
    seen = {name.lower(): value.strip() for name, value in seen.items()}
    assert answer.text.startswith("POST /7/results HTTP/1.1")
    assert seen["x-user-id"] == "technician-1", "what a client says of itself is not passed on"
    assert seen["x-tenant-id"] == "lab-north"
    assert "192.0.2.99" not in seen["x-forwarded-for"]
    request = answer.headers["x-request-id"]
    query = f"select user_id, tenant_id, method, path, status from audit_event where request_id = '{request}'"
    for name in ("pg1", "pg2"):
        ask = f'cd /; runuser -u postgres -- psql -XAtd tracseq_prod -c "{query}"'
        row = lab.eventually(lambda name=name, ask=ask: lab.ssh(name, ask).strip())
        assert row == "technician-1|lab-north|POST|/api/samples/7/results|200"


def _well(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer
