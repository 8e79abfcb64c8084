"""The ``check`` command and where values come from."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from support.gateway import environment


def check(**variables: Any) -> "subprocess.CompletedProcess[str]":
    """Run ``check`` with an environment."""
    return subprocess.run(
        [sys.executable, "-m", "tracseq_gateway", "check"],
        env={name: value for name, value in environment(**variables).items() if value != "UNSET"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_valid_configuration_is_said_to_be_valid() -> None:
    result = check(
        DATABASE_URL="postgresql://u:p@a.example.org:5432,b.example.org:5433/lims"
        "?target_session_attrs=read-write&sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt",
        SAMPLE_SERVICE_URL="http://10.0.0.1:8081,http://10.0.0.2:8081/v1",
    )
    assert result.returncode == 0, result.stderr


def test_all_errors_are_told_at_once_and_no_secret_among_them() -> None:
    result = check(
        DATABASE_URL="mysql://root:hunter2@db/lims",
        GATEWAY_PORT="99999",
        JWT_SECRET_KEY="UNSET",
        RAG_SERVICE_URL="ftp://example.org",
        TRUSTED_PROXIES="10.0.0.0/8,nonsense",
        DB_POOL_MIN_SIZE="50",
        DB_POOL_MAX_SIZE="10",
        ACCESS_RULES="DELETE /api/samples/*",
        PUBLIC_ROUTES="/everything",
        ENVIRONMENT="production",
        GATEWAY_DEBUG="true",
    )
    assert result.returncode == 1
    for name in ("DATABASE_URL", "GATEWAY_PORT", "JWT_SECRET_KEY", "RAG_SERVICE_URL", "TRUSTED_PROXIES"):
        assert f"- {name} is wrong" in result.stderr
    for name in ("DB_POOL_MAX_SIZE", "ACCESS_RULES", "PUBLIC_ROUTES", "GATEWAY_DEBUG"):
        assert f"- {name} is wrong" in result.stderr
    assert "hunter2" not in result.stderr


def test_secrets_come_from_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a-secret-in-a-file-that-is-long-enough\n")
    assert check(JWT_SECRET_KEY="UNSET", JWT_SECRET_KEY_FILE=secret).returncode == 0
    both = check(JWT_SECRET_KEY_FILE=secret)
    assert both.returncode == 1
    assert "JWT_SECRET_KEY and JWT_SECRET_KEY_FILE are both set" in both.stderr
    missing = check(JWT_SECRET_KEY="UNSET", JWT_SECRET_KEY_FILE=tmp_path / "missing")
    assert missing.returncode == 1
    assert "JWT_SECRET_KEY_FILE" in missing.stderr


def test_short_secrets_are_refused_where_it_matters() -> None:
    assert check(JWT_SECRET_KEY="dev-secret-key").returncode == 0
    assert check(JWT_SECRET_KEY="dev-secret-key", ENVIRONMENT="production").returncode == 1


def test_files_of_the_database_address_must_be_readable() -> None:
    result = check(DATABASE_URL="postgres://u:hunter2@db.example.org/lims?sslmode=verify-full&sslrootcert=/nowhere")
    assert result.returncode == 1
    assert "its sslrootcert names /nowhere" in result.stderr
    assert "hunter2" not in result.stderr
