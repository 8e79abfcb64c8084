"""The sockets that clients connect to."""

import os
import socket

from tracseq_gateway.configuration.settings import Settings

FIRST_DESCRIPTOR = 3


def listening_sockets(settings: Settings) -> list[socket.socket]:
    """Return the sockets that systemd hands over, or else one that is bound here.

    Source: sd_listen_fds(3).

    Raises:
        OSError: an address cannot be bound; its ``filename`` says which, and by which variables.
    """
    handed_over = _handed_over()
    if handed_over:
        return handed_over
    sockets = [_bind("GATEWAY_HOST and GATEWAY_PORT", settings.gateway_host, settings.gateway_port, settings)]
    if settings.gateway_tls_port is not None:
        names = "GATEWAY_TLS_HOST and GATEWAY_TLS_PORT"
        sockets.append(_bind(names, settings.gateway_tls_host, settings.gateway_tls_port, settings))
    return sockets


def _handed_over() -> list[socket.socket]:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    return [socket.socket(fileno=FIRST_DESCRIPTOR + index) for index in range(count)]


def _bind(names: str, host: str, port: int, settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(settings.gateway_backlog)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, error.strerror, f"{names} name {host} port {port}") from error
    return listener
