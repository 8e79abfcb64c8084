"""The gateway alone on this machine, with a Postgres, a Redis and a service of its own.

    make dev

It starts again whenever its source changes. Ctrl-C ends it, and nothing of it stays. httpbin is
the sample service; every variable of the gateway (README.md) may be set, as in:

    SAMPLE_SERVICE_URL=http://127.0.0.1:8081 GATEWAY_PORT=8001 make dev
"""

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from watchfiles import PythonFilter, watch

GATEWAY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(GATEWAY), str(GATEWAY / "tests")]

from development.parts import parts
from development.restarted import RestartedGateway
from support.processes import accepts
from support.tokens import make_token

DEFAULT_PORT = "8000"
TOKEN_HOURS = 8
LOOK_MILLISECONDS = 100
PRIVATE = ("DATABASE_URL", "REDIS_URL", "JWT_SECRET_KEY", "GATEWAY_STATE_DIRECTORY")


def main() -> int:
    """Run until a signal comes, and return the exit status."""
    parser = argparse.ArgumentParser(prog="development", description=__doc__.partition("\n")[0])
    parser.add_argument("--source", type=Path, default=GATEWAY / "src", help="the folder that has the package")
    source: Path = parser.parse_args().source
    port = os.environ.get("GATEWAY_PORT", DEFAULT_PORT)
    if accepts(int(port)):
        print(f"Port {port} is taken. Take another: GATEWAY_PORT=… make dev", file=sys.stderr)
        return 1
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: ended.set())
    print("Starting Postgres, Redis and httpbin …", flush=True)
    try:
        with parts() as found:
            variables = development_variables(found)
            print(instructions(variables), flush=True)
            follow(RestartedGateway(source, variables), source, ended)
    except (AssertionError, pytest.fail.Exception) as error:
        # Ctrl-C at the terminal reaches what is just being started, too.
        if not ended.is_set():
            print(error, file=sys.stderr)
            return 1
    print("All has ended, and nothing of it is left.")
    return 0


def development_variables(found: dict[str, str]) -> dict[str, str]:
    """Return the gateway's environment: defaults, the developer's own variables, and what is private to the run."""
    defaults = {
        "ENVIRONMENT": "development",
        "GATEWAY_HOST": "127.0.0.1",
        "GATEWAY_PORT": DEFAULT_PORT,
        "GATEWAY_SHUTDOWN_TIMEOUT": "2",
        "DB_POOL_MIN_SIZE": "1",
        # httpbin has no /health; this is there, and cheap.
        "SERVICE_HEALTH_PATH": "/status/200",
    }
    return defaults | found | dict(os.environ) | {name: found[name] for name in PRIVATE}


def instructions(variables: dict[str, str]) -> str:
    """Return how to ask the gateway."""
    expires = int(time.time()) + TOKEN_HOURS * 3600
    token = make_token(variables["JWT_SECRET_KEY"], sub="developer", exp=expires)
    url = f"http://127.0.0.1:{variables['GATEWAY_PORT']}"
    return (
        f"\nAsk the sample service ({variables['SAMPLE_SERVICE_URL']}) through the gateway:\n\n"
        f"    curl -H 'Authorization: Bearer {token}' {url}/api/samples/get\n\n"
        f"The token is valid for {TOKEN_HOURS} hours. Health: {url}/health/detailed. Ctrl-C ends everything.\n"
    )


def follow(gateway: RestartedGateway, source: Path, ended: threading.Event) -> None:
    """Run the gateway, and run it anew whenever its source has changed."""
    changes = watch(
        source,
        watch_filter=PythonFilter(extra_extensions=(".ini",)),
        stop_event=ended,
        rust_timeout=LOOK_MILLISECONDS,
        yield_on_timeout=True,
    )
    try:
        # The first look comes before the first start, so that no change is missed.
        for changed in changes:
            if changed:
                print(f"Changed: {', '.join(sorted(Path(path).name for _, path in changed))}.", flush=True)
            if changed or not gateway.started:
                gateway.restart()
            gateway.look()
    finally:
        gateway.stop()


if __name__ == "__main__":
    sys.exit(main())
