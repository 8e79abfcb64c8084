"""
What is ready runs: operations whose hosts have nothing to do with each other go side by side.

pyinfra runs one operation after the other, each on all of its hosts, so Redis on a bare host would
wait for Postgres on another. Here an operation begins as soon as its own hosts have reached it.
The order of each host stays what the deploy says, and so does the order between hosts that share
an operation, such as a barrier. See docs/upstream/.
"""

from __future__ import annotations

from graphlib import TopologicalSorter

import gevent
import pyinfra_cli.cli
from gevent import Greenlet
from gevent.lock import BoundedSemaphore
from pyinfra import logger
from pyinfra.api.exceptions import OperationError
from pyinfra.api.host import Host
from pyinfra.api.operations import run_host_op
from pyinfra.api.operations import run_ops as run_one_after_the_other
from pyinfra.api.state import State
from pyinfra.api.util import log_operation_start
from pyinfra.context import ctx_host, ctx_state
from pyinfra.progress import progress_spinner

from deploys.engine import ending


def install() -> None:
    """Have pyinfra's command line run operations side by side."""
    pyinfra_cli.cli.run_ops = run_ops


def run_ops(state: State, serial: bool = False, no_wait: bool = False) -> None:
    """
    Run all operations on all hosts.

    Args:
        state: the run
        serial: one host after the other, as pyinfra does it
        no_wait: means nothing here: no host waits for another that it shares nothing with
    """
    with ctx_state.use(state):
        try:
            if serial:
                run_one_after_the_other(state, serial=True)
                return
            state.is_executing = True
            _Execution(state).run()
        finally:
            ending.ended()


class _Execution:
    def __init__(self, state: State) -> None:
        self.state = state
        self.left = {host: len(host.op_hash_order) for host in state.inventory.get_active_hosts()}

    def run(self) -> None:
        order = {operation: place for place, operation in enumerate(self.state.get_op_order())}  # type: ignore[no-untyped-call]
        ready: TopologicalSorter[str] = TopologicalSorter()
        for host in self.state.inventory:
            for place, operation in enumerate(host.op_hash_order):
                ready.add(operation, *host.op_hash_order[place - 1 : place])
        ready.prepare()
        running: dict[Greenlet, str] = {}
        with progress_spinner(host for host, left in self.left.items() if left) as ended:
            while ready.is_active():
                for operation in sorted(ready.get_ready(), key=order.__getitem__):
                    running[gevent.spawn(self._operation, operation, ended)] = operation
                for job in gevent.wait(list(running), count=1):
                    ready.done(running.pop(job))
                    if failed := job.get():
                        self._stop(running, failed)

    def _stop(self, running: dict[Greenlet, str], failed: set[Host]) -> None:
        """Let what runs on other hosts come to its end, and begin nothing more where too many failed."""
        gevent.joinall(list(running))
        failed = failed.union(*(job.get() for job in running))
        self.state.fail_hosts(failed)  # type: ignore[no-untyped-call]

    def _operation(self, operation: str, ended: object) -> set[Host]:
        """Run an operation on its hosts: those on which it failed."""
        self.state.trigger_callbacks("operation_start", operation)
        hosts = [host for host in self.state.inventory.get_active_hosts() if operation in self.state.ops[host]]
        if hosts:
            log_operation_start(self.state.get_op_meta(operation))
        arguments = self.state.get_op_meta(operation).global_arguments
        turns = BoundedSemaphore(1 if arguments["_serial"] else arguments["_parallel"] or max(1, len(hosts)))
        jobs = {host: self.state.pool.spawn(self._on_host, host, operation, turns, ended) for host in hosts}
        gevent.joinall(list(jobs.values()))
        self.state.trigger_callbacks("operation_end", operation)
        return {host for host, job in jobs.items() if not job.get()}

    def _on_host(self, host: Host, operation: str, turns: BoundedSemaphore, ended: object) -> bool:
        with turns, ctx_host.use(host):
            try:
                well = run_host_op(self.state, host, operation)
            except OperationError as error:
                # pyinfra would end the run with a traceback.
                logger.error(f"{host.print_prefix}{error}")
                well = False
        self.left[host] -= 1
        if not self.left[host] and callable(ended):
            ended(host)
        return well
