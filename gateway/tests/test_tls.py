"""Encrypted connections to Postgres and to services, and that certificates are looked at."""

import os
import pwd
import shutil
import ssl
from pathlib import Path

import pytest

from conftest import StartGateway, StartUpstream
from support import web
from support.certificates import make_certificates
from support.postgres import PostgresServer
from support.processes import wait_until
from support.upstreams import answer, read_request


@pytest.fixture
def certificates(tmp_path: Path) -> tuple[Path, Path, Path]:
    return make_certificates(tmp_path)


def test_postgres_is_asked_over_tls_and_only_with_a_certificate_that_is_known(
    start_gateway: StartGateway, certificates: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    authority, certificate, key = certificates
    server = PostgresServer()
    for source, name in ((certificate, "server.crt"), (key, "server.key")):
        copy = Path(shutil.copy(source, server.data / name))
        copy.chmod(0o600)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(copy, user.pw_uid, user.pw_gid)
    with (server.data / "postgresql.conf").open("a") as settings:
        settings.write("\nssl = on\n")
    (server.data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 trust\n")
    server.start()
    (tmp_path / "other").mkdir()
    other_authority = make_certificates(tmp_path / "other")[0]
    try:
        known = start_gateway(DATABASE_URL=f"{server.url()}?sslmode=verify-full&sslrootcert={authority}")
        wait_until(lambda: web.get(f"{known.url}/health/detailed").status_code == 200, "The connection")
        unknown = start_gateway(DATABASE_URL=f"{server.url()}?sslmode=verify-full&sslrootcert={other_authority}")
        wait_until(lambda: "CertVerification" in unknown.errors.read_text(), "The refusal")
        assert web.get(f"{unknown.url}/health/detailed").status_code == 503
    finally:
        server.stop()
        server.remove()


def test_services_are_asked_over_tls_and_only_with_a_certificate_that_is_known(
    start_gateway: StartGateway, start_upstream: StartUpstream, certificates: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    authority, certificate, key = certificates
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def conversation(connection: object) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:  # type: ignore[call-overload]
            while read_request(encrypted):
                encrypted.sendall(answer(body=b"secret"))

    url = start_upstream(conversation).url.replace("http:", "https:")
    gateway = start_gateway(SAMPLE_SERVICE_URL=url, UPSTREAM_CA_FILE=authority)
    for _ in range(3):
        assert web.get(f"{gateway.url}/api/samples/1").content == b"secret"
    (tmp_path / "other").mkdir()
    stranger = start_gateway(SAMPLE_SERVICE_URL=url, UPSTREAM_CA_FILE=make_certificates(tmp_path / "other")[0])
    assert web.get(f"{stranger.url}/api/samples/1").status_code == 502
