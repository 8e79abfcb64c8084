"""`make dev`: it answers, follows its source, and leaves nothing behind."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import web
from support.processes import accepts, free_port, wait_until

GATEWAY = Path(__file__).resolve().parents[1]


class Development:
    """A run of `make dev` on a copy of the source, with temporary files where the test finds them."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.source = folder / "src"
        shutil.copytree(GATEWAY / "src", self.source)
        self.temporary = folder / "temporary"
        self.temporary.mkdir(mode=0o711)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(GATEWAY / "development"), "--source", str(self.source)],
                env=os.environ | {"GATEWAY_PORT": str(self.port), "TMPDIR": str(self.temporary)} | variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self, text: str) -> list[Any]:
        """Return all that the run has said that matches a pattern."""
        return re.findall(text, self.output.read_text())

    def wait_for(self, text: str, count: int = 1) -> list[Any]:
        """Wait until the run has said something so many times."""

        def has_said() -> bool:
            assert self.process.poll() is None or self.said(text), self.output.read_text()
            return len(self.said(text)) >= count

        wait_until(has_said, f"{text!r}, {count} times,", 60)
        return self.said(text)

    def processes(self) -> dict[int, str]:
        """Return the names of what runs of this run, by process id.

        Postgres leaves its parent but works in the temporary folder; others are children's children.
        """
        found: dict[int, str] = {}
        family = {self.process.pid}
        for entry in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
            try:
                name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
                parent = rest.split()[1]
                inside = (entry / "cwd").readlink().is_relative_to(self.temporary)
            except OSError:
                continue  # It has ended.
            if int(parent) in family or inside:
                family.add(int(entry.name))
                found[int(entry.name)] = name
        return found

    def end(self, how: int) -> int:
        """Send a signal as a terminal does, or as `kill` does, and return the exit status."""
        if how == signal.SIGINT:
            os.killpg(self.process.pid, how)
        else:
            self.process.send_signal(how)
        return self.process.wait(60)


def is_running(process: int) -> bool:
    """Tell whether a process runs; one that has ended may wait for the init of this machine (proc_pid_stat(5))."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's: Postgres, which root starts as another user, could not enter it.
    with tempfile.TemporaryDirectory(prefix="gateway-test-") as path:
        Path(path).chmod(0o711)
        yield Path(path)


@pytest.fixture
def development(folder: Path) -> Iterator[Development]:
    run = Development(folder)
    yield run
    if run.process.poll() is None:
        run.end(signal.SIGTERM)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_it_answers_follows_its_source_and_leaves_nothing(development: Development, how: int) -> None:
    (first,) = development.wait_for(r"ready after .* \(process (\d+)\)")
    ((token, url),) = development.said(r"curl -H 'Authorization: Bearer (\S+)' (\S+)")
    authorized = {"Authorization": f"Bearer {token}"}
    assert web.get(url, headers=authorized).json()["url"].endswith("/get")
    assert web.get(url).status_code == 401
    created = web.post(f"{development.url}/api/samples/post", headers=authorized, json={"id": 1})
    assert created.json()["json"] == {"id": 1}
    health = web.get(f"{development.url}/health/detailed").json()
    assert health["database"]["status"] == health["redis"]["status"] == "up"

    told = web.get(f"{development.url}/api/nowhere", headers=authorized).json()["detail"]
    (file,) = [path for path in development.source.rglob("*.py") if told in path.read_text()]
    file.write_text(file.read_text().replace(told, "Changed by the test."))
    _, second = development.wait_for(r"ready after .* \(process (\d+)\)", 2)
    assert second != first
    assert development.said(f"Changed: {file.name}")
    told = web.get(f"{development.url}/api/nowhere", headers=authorized).json()["detail"]
    assert told == "Changed by the test."

    running = development.processes()
    # The gateway and httpbin are both Python.
    assert sorted(set(running.values())) == ["postgres", "python", "redis-server"]
    assert development.end(how) == 0
    # The last of a server's processes may need a moment to end.
    wait_until(lambda: not any(is_running(process) for process in running), f"The end of {running}")
    assert list(development.temporary.iterdir()) == []
    assert not accepts(development.port)


@pytest.mark.timeout(180)
def test_a_mistake_in_the_source_is_said_and_mended_by_the_next_change(development: Development) -> None:
    development.wait_for("The gateway is ready")
    file = development.source / "tracseq_gateway/gateway.py"
    right = file.read_text()
    file.write_text("this is no Python\n")
    development.wait_for("The gateway ended with 1; a change starts it again")
    file.write_text(right)
    development.wait_for("The gateway is ready", 2)


@pytest.mark.timeout(180)
def test_ended_while_it_starts_it_leaves_nothing(development: Development) -> None:
    wait_until(lambda: any(development.temporary.rglob("postgresql.conf")), "Postgres's cluster")
    assert development.end(signal.SIGINT) == 0, development.output.read_text()
    assert development.processes() == {}
    assert list(development.temporary.iterdir()) == []


def test_a_port_that_is_taken_is_said(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        run = Development(folder, GATEWAY_PORT=port)
        assert run.process.wait(60) == 1
    assert run.said(f"Port {port} is taken")
