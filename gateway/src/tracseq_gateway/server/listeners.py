"""The sockets that clients connect to."""

import os
import socket

from tracseq_gateway.configuration.settings import Settings

FIRST_DESCRIPTOR = 3


def listening_sockets(settings: Settings) -> list[socket.socket]:
    """Return the sockets that systemd hands over, or else one that is bound here.

    Source: sd_listen_fds(3).

    Raises:
        OSError: the address cannot be bound.
    """
    return _handed_over() or [_bind(settings)]


def _handed_over() -> list[socket.socket]:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    return [socket.socket(fileno=FIRST_DESCRIPTOR + index) for index in range(count)]


def _bind(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.gateway_host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.gateway_host, settings.gateway_port))
        listener.listen(settings.gateway_backlog)
    except OSError:
        listener.close()
        raise
    return listener
