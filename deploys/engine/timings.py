"""What took a run's time, said at its end."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from pyinfra import logger, state
from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback, State

from deploys.engine import connection


class Timings(BaseStateCallback):
    """Notes when each host begins and ends each operation; says it all when the first host is left."""

    def __init__(self) -> None:
        self.begin = time.monotonic()
        self.first: float | None = None
        self.begun: dict[tuple[str, Host], float] = {}
        self.ended: dict[tuple[str, Host], float] = {}
        self.said = False

    def operation_host_start(self, state: State, host: Host, op_hash: str) -> None:  # type: ignore[override]
        now = time.monotonic()
        self.first = self.first or now
        self.begun[op_hash, host] = now

    def operation_host_success(self, state: State, host: Host, op_hash: str, *_: Any) -> None:  # type: ignore[override]
        self.ended[op_hash, host] = time.monotonic()

    def operation_host_error(self, state: State, host: Host, op_hash: str, *_: Any) -> None:  # type: ignore[override]
        self.ended[op_hash, host] = time.monotonic()

    def host_disconnect(self, state: State, host: Host) -> None:  # type: ignore[override]
        if self.said:
            return
        self.said = True
        for line in self.lines(state):
            logger.info(line)

    def lines(self, state: State) -> Iterable[str]:
        """The operations and then the hosts, slowest first."""
        of_operation: dict[str, dict[Host, float]] = defaultdict(dict)
        of_host: dict[Host, float] = dict.fromkeys(state.activated_hosts, 0.0)
        whole: dict[str, float] = {}
        for (operation, host), end in self.ended.items():
            taken = end - self.begun[operation, host]
            of_operation[operation][host] = taken
            of_host[host] += taken
        for operation, hosts in of_operation.items():
            begin = min(self.begun[operation, host] for host in hosts)
            whole[operation] = max(self.ended[operation, host] for host in hosts) - begin
        yield f"--> What took the time, after {(self.first or time.monotonic()) - self.begin:.2f} s of preparing:"
        yield f"    {'seconds':>8}  {'operation, and its slowest host':<78}"
        for operation in sorted(whole, key=whole.__getitem__, reverse=True):
            slowest = max(of_operation[operation], key=of_operation[operation].__getitem__)
            names = ", ".join(state.get_op_meta(operation).names)
            yield f"    {whole[operation]:>8.2f}  {names} ({slowest.name}: {of_operation[operation][slowest]:.2f})"
        yield f"    {'seconds':>8}  {'host':<20}{'executions':>12}{'bytes':>12}"
        for host in sorted(of_host, key=of_host.__getitem__, reverse=True):
            used = connection.of(host)
            counts = f"{used.executions:>12}{used.packetizer.carried:>12}" if used else ""
            yield f"    {of_host[host]:>8.2f}  {host.name:<20}{counts}"


def install() -> None:
    """Have this run say at its end what took the time."""
    state.add_callback_handler(Timings())  # type: ignore[no-untyped-call]
