"""Runs uvicorn with the gateway's protocol, in this process or in several workers."""

import asyncio
import contextlib
import errno
import logging
import math
import os
import signal
import socket
import time
from collections.abc import Iterator

import uvicorn
from uvicorn.supervisors import Multiprocess

from tracseq_gateway.configuration.settings import Settings
from tracseq_gateway.downstream.connection import DownstreamConnection
from tracseq_gateway.server.listeners import listening_sockets
from tracseq_gateway.server.metrics_folder import forget_process, prepare_metrics_folder
from tracseq_gateway.server.notify import notify, watchdog_interval
from tracseq_gateway.server.signals import EarlySignals
from tracseq_gateway.server.two_ports import TwoPortServer, have_workers_serve_both

log = logging.getLogger(__name__)

CANNOT_START = 3
WORKERS_FAILED = 4


def serve(settings: Settings) -> int:
    """Serve until a signal says to stop, and return the process's exit status."""
    try:
        _prepare_state_directory(settings)
    except OSError as error:
        log.error(
            "GATEWAY_STATE_DIRECTORY names %s, which cannot be written: %s. Give the gateway a directory of its own.",
            settings.gateway_state_directory,
            error.strerror,
        )
        return CANNOT_START
    # Before there is a socket: whoever sees it listen may also see fit to stop the process.
    early = EarlySignals()
    try:
        sockets = listening_sockets(settings)
    except OSError as error:
        log.error("%s, where the gateway cannot listen: %s.", error.filename, error.strerror)
        return CANNOT_START
    if settings.gateway_workers > 1:
        prepare_metrics_folder(settings.gateway_state_directory)
        return _serve_with_workers(settings, sockets, early)
    # There is nothing to load anew; a signal that is sent out of habit must not end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _NotifyingServer(_config(settings), early).run(sockets)
    return 0


def _prepare_state_directory(settings: Settings) -> None:
    directory = settings.gateway_state_directory
    if settings.enable_audit or settings.gateway_workers > 1:
        directory.mkdir(parents=True, exist_ok=True)
        if not os.access(directory, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        "tracseq_gateway.application:application",
        http=DownstreamConnection,
        ws="none",
        loop="uvloop",
        lifespan="on",
        workers=settings.gateway_workers,
        backlog=settings.gateway_backlog,
        timeout_graceful_shutdown=math.ceil(settings.gateway_shutdown_timeout),
        log_config=None,
        access_log=False,
    )


class _NotifyingServer(TwoPortServer):
    """Tells systemd when it is ready, that it lives, and when it stops."""

    def __init__(self, config: uvicorn.Config, early: EarlySignals) -> None:
        super().__init__(config)
        self._early = early
        self._watchdog: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            for number in self._early.received:
                self.handle_exit(number, None)
            yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        notify("READY=1")
        interval = watchdog_interval()
        if interval is not None:
            # In the event loop, so that a loop that hangs is found out.
            self._watchdog = asyncio.create_task(_keep_saying_alive(interval))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        notify("STOPPING=1")
        await super().shutdown(sockets)
        if self._watchdog is not None:
            self._watchdog.cancel()


async def _keep_saying_alive(interval: float) -> None:
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval)


def _serve_with_workers(settings: Settings, sockets: list[socket.socket], early: EarlySignals) -> int:
    have_workers_serve_both()
    supervisor = _NotifyingSupervisor(_config(settings), sockets, early)
    supervisor.run()
    return WORKERS_FAILED if supervisor.failed else 0


class _NotifyingSupervisor(Multiprocess):
    """Speaks to systemd for its workers; uvicorn itself replaces a worker that hangs."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], early: EarlySignals) -> None:
        super().__init__(config, sockets)
        self.signal_queue += early.received
        self.failed = False
        self._ready = False
        self._interval = watchdog_interval()
        self._last_sign = 0.0
        self._known: set[int] = set()

    def keep_subprocess_alive(self) -> None:
        if self.should_exit.is_set():
            return
        if not self._ready:
            self._ready = all(process.is_ready() for process in self.processes)
            if self._ready:
                notify("READY=1")
        super().keep_subprocess_alive()
        self._forget_ended()
        self.failed = self.should_exit.is_set()
        if self._ready and self._interval is not None and time.monotonic() - self._last_sign >= self._interval:
            self._last_sign = time.monotonic()
            notify("WATCHDOG=1")

    def _forget_ended(self) -> None:
        running = {process.pid for process in self.processes if process.pid is not None}
        for ended in self._known - running:
            forget_process(ended)
        self._known = running

    def terminate_all(self) -> None:
        notify("STOPPING=1")
        super().terminate_all()
