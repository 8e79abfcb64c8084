"""The audit names a package with a known fault, and never takes silence for health."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

# pip-audit has an environment of its own, which only `make test-long` makes.
pytestmark = pytest.mark.long

FAULT = {
    "id": "PYSEC-0000-1",
    "summary": "A fault of this test's own.",
    "published": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
        }
    ],
}

UNMENDED = {
    "id": "GHSA-0000-0000-0000",
    "aliases": ["CVE-2026-45829"],
    "summary": "A fault that is accepted, as no release mends it.",
    "published": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "chromadb", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}
FAULTS = {"jinja2": FAULT, "chromadb": UNMENDED}


class Service(BaseHTTPRequestHandler):
    """Answers as osv.dev does, and knows of two faulty packages."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = FAULTS.get(asked["package"]["name"])
        body = json.dumps({"vulns": [known]} if known else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: there is a request for each package."""


@pytest.fixture
def service() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


def audit(url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [".venv-audit/bin/python", "tests/audit/dependencies.py", "--vulnerability-service=osv", f"--osv-url={url}"],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_every_lock_file_is_audited_and_a_faulty_package_named(service: str) -> None:
    done = audit(service)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "requirements.lock: jinja2 3.1.6 has PYSEC-0000-1, mended in 99.1" in done.stdout
    of_chroma = "tests/scenarios/services/chroma.lock: chromadb 1.5.9 has CVE-2026-45829: of Chroma's server in Python"
    assert of_chroma in done.stdout
    assert re.search(r"services/chroma.lock: \d+ packages, 0 known faults", done.stdout)
    locks = [str(path) for path in Path().rglob("*.lock") if not any(part.startswith(".") for part in path.parts)]
    assert len(locks) >= 6
    for lock in locks:
        assert f"{lock}: " in done.stdout


def test_a_service_that_is_not_there_is_said_to_be_none() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        done = audit(f"http://127.0.0.1:{unused.getsockname()[1]}/v1/query")
    assert done.returncode == 2
    assert "not audited" in done.stdout
    assert "known faults" not in done.stdout
