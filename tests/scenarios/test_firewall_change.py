"""A firewall changes at once: it lets nobody in on the way, and forgets no connection that begins meanwhile."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests import lab
from tests.inventory import hosts

HOST = lab.names()[0]
OPEN, CLOSED, OTHER = 4444, 4445, 4446
EVERY = 0.01
"""Seconds between two connections: ufw's own reload leaves a host open for some hundred times as long."""
SILENT = 2
"""Seconds after which the host says the first word of a connection: long after the change that it began in."""
SERVER = f"""
import asyncio
async def late(reader, writer):
    await asyncio.sleep({SILENT})
    writer.write(b"here")
    writer.close()
async def main():
    await asyncio.gather(*[asyncio.start_server(late, port=port) for port in ({OPEN}, {CLOSED})])
    await asyncio.sleep(600)
asyncio.run(main())
"""


def site_that_opens(*ports: int) -> lab.Run:
    """A run that lets the controller in at some ports of the host."""
    rules = [{"source": "administrators", "destination": "all", "ports": list(ports)}]
    return lab.site("--limit", HOST, "--data", f"firewall_extra_rules={json.dumps(rules)}")


@pytest.fixture
def served() -> Iterator[str]:
    """A server behind a port that is open and one that is not; the host's address."""
    run = site_that_opens(OPEN)
    assert run.code == 0, run.output
    lab.ssh(HOST, f"systemd-run --quiet --collect --unit=late python3 -c {shlex.quote(SERVER)}")
    yield hosts()[HOST].addresses[0]
    lab.ssh(HOST, "systemctl stop late")
    run = lab.site()
    assert run.code == 0, run.output


async def heard(address: str) -> bool:
    """Whether the host's first word comes, on a connection that begins now."""
    reader, writer = await asyncio.open_connection(address, OPEN)
    try:
        return await asyncio.wait_for(reader.read(), SILENT + 5) == b"here"
    except TimeoutError:
        return False
    finally:
        writer.close()


async def let_in(address: str) -> bool:
    """Whether the host lets in at the port that is closed; whoever knocks does so once."""
    with suppress(TimeoutError):
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, CLOSED), 0.5)
        writer.close()
        return True
    return False


async def meanwhile(address: str, run: asyncio.Future[lab.Run]) -> tuple[list[Any], list[Any]]:
    """What became of connections that began while a run was at work."""
    open_ones, closed_ones = [], []
    while not run.done():
        open_ones.append(asyncio.create_task(heard(address)))
        closed_ones.append(asyncio.create_task(let_in(address)))
        await asyncio.sleep(EVERY)
    return await asyncio.gather(*open_ones), await asyncio.gather(*closed_ones)


def test_it_lets_nobody_in_on_the_way_and_forgets_nobody(served: str) -> None:
    async def changed() -> tuple[lab.Run, list[Any], list[Any]]:
        run = asyncio.ensure_future(asyncio.to_thread(site_that_opens, OPEN, OTHER))
        begun, knocked = await meanwhile(served, run)
        return await run, begun, knocked

    run, begun, knocked = asyncio.run(changed())
    assert run.code == 0, run.output
    assert run.changes == {"Firewall | Ruleset": [HOST]}
    assert len(begun) > 100
    print(f"\n{len(begun)} began, {begun.count(False)} of them were forgotten, {knocked.count(True)} let in")
    assert begun.count(False) == 0
    assert knocked.count(True) == 0
