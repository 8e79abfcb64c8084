"""
Who remembers every write that was acknowledged, and nothing else: the judge of failovers and restores.

Numbers go through the load balancer and a gateway to a service that answers when they are committed
(tests/scenarios/services/ledger.py). What the servers say of themselves does not count here.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from dotenv import dotenv_values

from tests import lab
from tests.beside import beside
from tests.client import base, context
from tests.inventory import group
from tests.tokens import token

SERVICE, PORT = "outsider1", 8081
SOURCES = Path("tests/scenarios/services")
WRITERS = 20
USERS = 1000
"""Gateways let one user write only so often."""
_NUMBERS = itertools.count(1)
"""No number is written twice: of one that was there before nobody could tell whether it was lost."""
PSQL = "cd /; runuser -u postgres -- psql -XAtq --dbname={database} --command={statement}"


class Ledger:
    """
    Writers at a steady rate, and what was acknowledged to them: when, and after how long.

    Args:
        inventory: that of the site which they write to
    """

    def __init__(self, inventory: str = lab.INVENTORY) -> None:
        self._inventory = inventory
        self.acknowledged: dict[int, float] = {}
        """When each number was acknowledged, in seconds since 1970."""
        self.waited: dict[int, float] = {}
        """How many seconds each of them waited, from its first attempt on."""
        self.failed: list[str] = []
        """Attempts that were not acknowledged, each with why; all of them are made again."""
        self._ended = threading.Event()

    @contextmanager
    def writing(self, rate: int) -> Iterator[None]:
        """
        Write while the block runs, and wait afterwards for what is under way.

        Args:
            rate: writes a second
        """
        with beside(lambda: asyncio.run(self._write(rate)), self._ended):
            yield

    def more(self, writes: int, within: float = 60) -> None:
        """Wait until this many more were acknowledged."""
        enough = len(self.acknowledged) + writes
        lab.eventually(lambda: len(self.acknowledged) >= enough, within=within)

    def lost(self, server: str) -> set[int]:
        """The acknowledged numbers that a server does not have."""
        # Copied before the server is asked: what is acknowledged meanwhile is not in its answer.
        known = set(self.acknowledged)
        return known - numbers(server, self._inventory)

    @property
    def longest(self) -> float:
        """The longest that a write waited, in seconds."""
        return max(self.waited.values(), default=0.0)

    async def _write(self, rate: int) -> None:
        await asyncio.gather(*(self._writer(WRITERS / rate, number / rate) for number in range(WRITERS)))

    async def _writer(self, every: float, begin: float) -> None:
        connection = None
        due = time.monotonic() + begin
        while not self._ended.is_set():
            await asyncio.sleep(due - time.monotonic())
            due = max(due + every, time.monotonic())
            number, first = next(_NUMBERS), time.monotonic()
            # One that began is tried until it is acknowledged: its wait is what counts.
            while True:
                if connection and connection[0].at_eof():
                    # It was closed while nobody used it, as every server may (RFC 9112, 9.3).
                    connection[1].close()
                    connection = None
                try:
                    connection = connection or await _connection(self._inventory)
                    status = await asyncio.wait_for(_post(*connection, number, self._inventory), 40)
                    why = f"status {status}"
                except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                    status, connection, why = 0, None, repr(error)
                if status != 201:
                    self.failed.append(f"{number}: {why}")
                if status == 201:
                    self.acknowledged[number], self.waited[number] = time.time(), time.monotonic() - first
                    break
                if self._ended.is_set() and time.monotonic() - first > 60:
                    return
                await asyncio.sleep(0.05)
        if connection:
            connection[1].close()


async def _connection(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    url, headers = base(path)
    return await asyncio.open_connection(
        url.removeprefix("https://"), 443, ssl=context(path), server_hostname=headers["Host"]
    )


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int, path: str) -> int:
    """The status with which a number is answered."""
    _, headers = base(path)
    body = str(number)
    user = token(sub=f"technician-{number % USERS}", roles=["technician"])
    writer.write(
        f"POST /api/samples/ledger HTTP/1.1\r\nHost: {headers['Host']}\r\nAuthorization: Bearer {user}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"content-length: " in head:
        await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
    return int(head.split()[1])


def numbers(server: str, inventory: str = lab.INVENTORY) -> set[int]:
    """The numbers that a server has."""
    statement = PSQL.format(database=database(), statement="'select number from ledger'")
    said = lab.ssh(server, statement, inventory=inventory)
    return {int(line) for line in said.split()}


def database() -> str:
    """The name of the platform's database."""
    return str(group("postgres", lab.INVENTORY)[0].data["postgres_database"])


def serve(primary: str, port: int | None = None, inventory: str = lab.INVENTORY) -> None:
    """
    Have the service, on a machine outside of the site, and its table on the primary.

    Args:
        primary: the host whose server takes writes
        port: where it finds Postgres, such as a pool; None: the servers themselves
        inventory: that of the site
    """
    data = group("postgres", inventory)[0].data
    table = "create table if not exists ledger (number bigint primary key, at timestamptz default clock_timestamp())"
    owned = f"{table}; alter table ledger owner to {data['postgres_user']}; truncate ledger"
    lab.ssh(primary, PSQL.format(database=database(), statement=f"'{owned}'"), inventory=inventory)
    password = quote(dotenv_values(".env.lab", interpolate=False)["POSTGRES_PASSWORD"] or "", safe="")
    port = port or data["postgres_port"]
    servers = ",".join(f"{host.data['address']}:{port}" for host in group("postgres", inventory))
    url = (
        f"postgresql://{data['postgres_user']}:{password}@{servers}/{database()}"
        "?target_session_attrs=read-write&sslmode=verify-full&sslrootcert=/run/ledger.crt&tcp_user_timeout=2000&connect_timeout=2"
    )
    directory = data["authority_directory"].format(environment=data["environment"])
    unit = "systemd-run --quiet --collect --unit=ledger --property=EnvironmentFile=/run/ledger.env"
    lab.ssh(
        SERVICE,
        "python3 -c 'import psycopg2' 2>/dev/null || { apt-get update -qq; "
        "DEBIAN_FRONTEND=noninteractive apt-get install -yqq python3-psycopg2 >/dev/null; }\n"
        f"cat > /run/ledger.crt <<'EOF'\n{Path(f'{directory}/authority.crt').read_text()}EOF\n"
        "mkdir -p /run/ledger\n"
        f"cat > /run/ledger/ledger.py <<'EOF'\n{(SOURCES / 'ledger.py').read_text()}EOF\n"
        f"cat > /run/ledger/streams.py <<'EOF'\n{(SOURCES / 'streams.py').read_text()}EOF\n"
        f"umask 077; echo 'DATABASE_URL={url}' > /run/ledger.env\n"
        "systemctl stop ledger 2>/dev/null || true\n"
        f"{unit} python3 /run/ledger/ledger.py {PORT}",
    )


def gone() -> None:
    """Have no service any more."""
    lab.ssh(SERVICE, "systemctl stop ledger; rm -rf /run/ledger /run/ledger.*", check=False)


_TRIED = itertools.count(1)
"""Numbers that are no writers'."""


async def _answers(path: str) -> bool:
    for _ in range(4 * len(group("gateways", path))):
        connection = await _connection(path)
        try:
            if await _post(*connection, -next(_TRIED), path) != 201:
                return False
        finally:
            connection[1].close()
    return True


def answers(inventory: str = lab.INVENTORY) -> bool:
    """Whether numbers come through each gateway; those that had found the service away give it time first."""
    return asyncio.run(_answers(inventory))
