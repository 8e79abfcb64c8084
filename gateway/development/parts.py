"""What a gateway needs around it: private to one run, and gone with it."""

import contextlib
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from support.postgres import PostgresServer
from support.processes import accepts, free_port, stop, wait_until
from support.redis import RedisServer


@contextlib.contextmanager
def parts() -> Iterator[dict[str, str]]:
    """Start Postgres, Redis and httpbin, and yield the variables by which a gateway finds them.

    Raises:
        AssertionError: one of them does not start.
        pytest.fail.Exception: its program is not installed, or does not answer in time.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(_temporary_folder()))
        postgres = PostgresServer()
        stack.callback(_stop_postgres, postgres)
        postgres.start()
        redis = RedisServer()
        stack.callback(redis.stop)
        redis.start()
        yield {
            "DATABASE_URL": postgres.url(),
            "REDIS_URL": redis.url,
            "JWT_SECRET_KEY": secrets.token_urlsafe(32),
            "GATEWAY_STATE_DIRECTORY": str(folder / "state"),
            "SAMPLE_SERVICE_URL": stack.enter_context(_httpbin()),
        }


@contextlib.contextmanager
def _temporary_folder() -> Iterator[str]:
    """Have all that is temporary in one folder, so that none of it stays, however far the start came."""
    with tempfile.TemporaryDirectory(prefix="gateway-development-", ignore_cleanup_errors=True) as folder:
        # Started by root, Postgres runs as its own user, who must find its cluster in here.
        Path(folder).chmod(0o711)
        tempfile.tempdir = folder
        try:
            yield folder
        finally:
            tempfile.tempdir = None


def _stop_postgres(postgres: PostgresServer) -> None:
    if (postgres.data / "postmaster.pid").exists():
        postgres.stop()


@contextlib.contextmanager
def _httpbin() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "httpbin.core", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A Ctrl-C at the terminal is for the one who started it, who ends it in its turn.
        start_new_session=True,
    )
    try:
        wait_until(lambda: accepts(port), "httpbin's start")
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)
