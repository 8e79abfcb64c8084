"""Lines tell the journal how urgent they are, where the journal reads them, and nobody else."""

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest

from conftest import StartUpstream
from support import web
from support.gateway import environment
from support.processes import accepts, free_port, stop, wait_until
from tracseq_gateway.logs.journal import priority

LINE = re.compile(rb"(?:<(\d)>)?(\{.*\})\n")


@contextmanager
def started(journal: bool, **variables: object) -> Iterator[tuple["subprocess.Popen[bytes]", BinaryIO]]:
    """Run the gateway with a pipe for its standard error, which is that of JOURNAL_STREAM, or is not."""
    reads, writes = os.pipe()
    stream = os.fstat(writes)
    variables["JOURNAL_STREAM"] = f"{stream.st_dev}:{stream.st_ino + (not journal)}"
    process = subprocess.Popen(
        [sys.executable, "-m", "tracseq_gateway"], env=environment(**variables), stderr=writes, cwd="/"
    )
    os.close(writes)
    with open(reads, "rb") as lines:
        try:
            yield process, lines
        finally:
            stop(process)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("journal", [True, False])
def test_events_have_a_priority_in_the_journal_and_requests_have_that_of_lines_without_one(
    start_upstream: StartUpstream, journal: bool, workers: int, tmp_path: object
) -> None:
    port = free_port()
    with started(
        journal,
        GATEWAY_PORT=port,
        GATEWAY_WORKERS=workers,
        GATEWAY_STATE_DIRECTORY=tmp_path,
        SAMPLE_SERVICE_URL=start_upstream().url,
        LOG_FILE="/nowhere/gateway.log",
    ) as (process, lines):
        wait_until(lambda: accepts(port), "The gateway's start")
        wait_until(lambda: web.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200, "The gateway")
        web.get(f"http://127.0.0.1:{port}/api/samples/1")
        stop(process)
        said = [LINE.fullmatch(line) for line in lines]
    found: dict[str, set[bytes | None]] = {}
    for match in said:
        assert match is not None
        event = json.loads(match[2])
        level = "access" if event["logger"] == "access" else event["level"]
        found.setdefault(level, set()).add(match[1])
    assert found["access"] == {None}
    assert found["WARNING"] == {b"4" if journal else None}
    assert found["INFO"] == {b"6" if journal else None}


def test_a_wrong_configuration_is_an_error_there() -> None:
    with started(True, RATE_LIMIT_REQUESTS="many") as (process, lines):
        assert process.wait(20) == 1
        said = lines.read().splitlines()
    assert len(said) >= 2
    assert all(line.startswith(b"<3>") for line in said), said


def test_a_standard_error_that_is_closed_is_no_journal() -> None:
    command = "import os; os.close(2); from tracseq_gateway.logs.journal import is_journal as j; print(j())"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_levels_are_those_of_syslog() -> None:
    levels = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL, logging.CRITICAL + 5)
    assert [priority(level) for level in levels] == ["<7>", "<6>", "<4>", "<3>", "<2>", "<2>"]
