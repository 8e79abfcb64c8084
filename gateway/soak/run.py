"""One soak from the start of everything to the look at what is left."""

import asyncio
import contextlib
import re
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx

from soak.clients import Clients, Notes
from soak.services import Service
from support.gateway import GatewayProcess
from support.kernel import descriptors, remote_ports, resident_memory
from support.postgres import PostgresServer
from support.redis import RedisServer
from test_audit import migrate

IDLE = 2.0
WARM_UP_SECONDS = 6.0
SETTLING_SECONDS = 30.0
MEMORY_GROWTH = 24 * 1024 * 1024
GONE_BY_THE_END = (
    "gateway_requests_in_flight",
    "gateway_upstream_connections",
    "gateway_upstream_waiting",
    "gateway_audit_backlog",
)
SETTINGS = {
    "CLIENT_IDLE_TIMEOUT": IDLE,
    "CLIENT_HEADER_TIMEOUT": IDLE,
    "CLIENT_KEEP_ALIVE_TIMEOUT": IDLE,
    "UPSTREAM_IDLE_TIMEOUT": IDLE,
    "UPSTREAM_RESPONSE_TIMEOUT": IDLE,
    "UPSTREAM_CONNECT_TIMEOUT": 1,
    "UPSTREAM_KEEP_ALIVE_TIMEOUT": 1,
    "UPSTREAM_MAX_CONNECTIONS": 8,
    "HEALTH_CHECK_INTERVAL": 0.02,
    "CIRCUIT_BREAKER_RECOVERY_TIMEOUT": 1,
    "RATE_LIMIT_REQUESTS": 1_000_000_000,
    "REDIS_TIMEOUT": 0.5,
    "DB_POOL_MAX_SIZE": 2,
    "AUDIT_FLUSH_INTERVAL": 0.2,
}


async def soak(seconds: float, say: Callable[[str], None]) -> list[str]:
    """Run for some seconds and return a sentence for each fault."""
    notes = Notes()
    with tempfile.TemporaryDirectory(prefix="gateway-soak-") as folder:
        async with _everything(Path(folder)) as (gateway, services, redis, postgres):
            clients = Clients(gateway.port, IDLE, notes)
            await _load(clients, WARM_UP_SECONDS)
            await _settle(gateway)
            before = _state(gateway, redis.port, postgres.port)
            chaos = [
                asyncio.create_task(_restart(services["rag"])),
                asyncio.create_task(_kill_redis(redis)),
                asyncio.create_task(_kill_postgres(postgres)),
            ]
            await _load(clients, seconds)
            for task in chaos:
                task.cancel()
            await asyncio.gather(*chaos, return_exceptions=True)
            await asyncio.to_thread(redis.start)
            await asyncio.to_thread(_start, postgres)
            left = await _settle(gateway)
            after = _state(gateway, redis.port, postgres.port)
            rows = await _rows(postgres, notes.acknowledged)
            faults = [*notes.faults, *left, *_compare(before, after), *_audit_faults(rows, notes.acknowledged)]
            faults += _called_unwell(gateway, {name: one for name, one in services.items() if name != "rag"})
            say(f"done: {dict(notes.counts)}; before: {before}; after: {after}")
    return faults


@contextlib.asynccontextmanager
async def _everything(
    folder: Path,
) -> AsyncIterator[tuple[GatewayProcess, dict[str, Service], RedisServer, PostgresServer]]:
    # WebSockets have a service of their own: beside the events they would take up all its
    # connections, and a client that waits for one longer than a second is rightly sent away.
    services = {name: Service() for name in ("sample", "storage", "event", "notification", "rag", "template")}
    for service in services.values():
        await service.start()
    redis, postgres = RedisServer(), PostgresServer()
    await asyncio.to_thread(redis.start)
    await asyncio.to_thread(postgres.start)
    if (migrated := await asyncio.to_thread(migrate, postgres.url())).returncode:
        raise RuntimeError(migrated.stderr)
    addresses = {f"{name.upper()}_SERVICE_URL": service.url for name, service in services.items()}
    gateway = GatewayProcess(folder, DATABASE_URL=postgres.url(), REDIS_URL=redis.url, **addresses, **SETTINGS)
    try:
        await asyncio.to_thread(gateway.wait)
        yield gateway, services, redis, postgres
    finally:
        await asyncio.to_thread(gateway.stop)
        for service in services.values():
            await service.stop()
        await asyncio.to_thread(redis.stop)
        await asyncio.to_thread(postgres.stop)
        postgres.remove()


async def _load(clients: Clients, seconds: float) -> None:
    tasks = [asyncio.create_task(client) for client in clients.all()]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _restart(service: Service) -> None:
    while True:
        await asyncio.sleep(3)
        await service.stop()
        await asyncio.sleep(1)
        await service.start()


async def _kill_redis(redis: RedisServer) -> None:
    while True:
        await asyncio.sleep(4)
        await asyncio.to_thread(redis.kill)
        await asyncio.sleep(2)
        await asyncio.to_thread(redis.start)


async def _kill_postgres(postgres: PostgresServer) -> None:
    while True:
        await asyncio.sleep(7)
        await asyncio.to_thread(postgres.kill)
        await asyncio.sleep(2)
        await asyncio.to_thread(_start, postgres)


def _start(postgres: PostgresServer) -> None:
    # The processes of a server that was killed take a moment to see it and go.
    end = time.monotonic() + 30
    while not postgres.is_up():
        try:
            postgres.start()
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _metrics(gateway: GatewayProcess) -> dict[str, float]:
    totals: dict[str, float] = {}
    for line in httpx.get(f"{gateway.url}/metrics", timeout=10).text.splitlines():
        if (match := re.fullmatch(r"(\w+)(?:\{.*\})? ([\d.e+-]+)", line)) is not None:
            totals[match[1]] = totals.get(match[1], 0.0) + float(match[2])
    return totals


async def _settle(gateway: GatewayProcess) -> list[str]:
    """Wait until nothing is under way; return a sentence for each thing that still is."""
    end = time.monotonic() + SETTLING_SECONDS
    while True:
        metrics = await asyncio.to_thread(_metrics, gateway)
        left = [f"{name} is {metrics[name]:g} at the end" for name in GONE_BY_THE_END if metrics.get(name)]
        if metrics["gateway_client_connections"] > 1:
            left.append(f"{metrics['gateway_client_connections']:g} clients are connected at the end")
        if not left or time.monotonic() > end:
            return left
        await asyncio.sleep(0.5)


def _state(gateway: GatewayProcess, *pooled: int) -> dict[str, int]:
    # The pools of Redis and Postgres keep the connections that they once needed at the same time.
    ports = remote_ports(gateway.process.pid)
    return {
        "descriptors": descriptors(gateway.process.pid) - sum(ports[port] for port in pooled),
        "tasks": int(_metrics(gateway)["gateway_tasks"]),
        "memory": resident_memory(gateway.process.pid),
    }


def _compare(before: dict[str, int], after: dict[str, int]) -> list[str]:
    # What probes have open just now.
    allowed = {"descriptors": 8, "tasks": 6, "memory": MEMORY_GROWTH}
    return [
        f"there were {before[name]} {name}, and now there are {after[name]}"
        for name, most in allowed.items()
        if after[name] > before[name] + most
    ]


async def _rows(postgres: PostgresServer, acknowledged: list[str]) -> list[str]:
    statement = "SELECT request_id FROM audit_event WHERE request_id LIKE 'write-%'"
    end = time.monotonic() + SETTLING_SECONDS
    while True:
        rows = [str(row[0]) for row in await asyncio.to_thread(postgres.query, statement)]
        if set(acknowledged) <= set(rows) or time.monotonic() > end:
            return rows
        await asyncio.sleep(0.5)


def _audit_faults(rows: list[str], acknowledged: list[str]) -> list[str]:
    missing = len(set(acknowledged) - set(rows))
    faults = [f"{missing} acknowledged writes have no row"] if missing else []
    return faults + ([f"{len(rows) - len(set(rows))} rows are there twice"] if len(rows) != len(set(rows)) else [])


def _called_unwell(gateway: GatewayProcess, steady: dict[str, Service]) -> list[str]:
    text = gateway.errors.read_text()
    return [
        f"the service {name} was well all the time and was called unwell"
        for name, service in steady.items()
        if f"{service.url} is not well" in text
    ] + [f"the gateway met an error of its own: {line}" for line in text.splitlines() if "Traceback" in line]
