"""systemd's notify protocol (sd_notify(3)), by the standard library alone."""

import os
import socket


def notify(message: str) -> None:
    """Send a message such as ``READY=1`` to systemd; do nothing where systemd does not listen.

    That systemd cannot be told is no reason to fail: it will act on its own timeouts.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as datagrams:
            datagrams.sendto(message.encode(), address)
    except OSError:
        return


def watchdog_interval() -> float | None:
    """Return after how many seconds to send ``WATCHDOG=1``: half of what systemd allows.

    Returns None where systemd watches no process or another one (sd_watchdog_enabled(3)).
    """
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    watched = os.environ.get("WATCHDOG_PID", "") or str(os.getpid())
    if not microseconds.isdigit() or int(microseconds) == 0 or watched != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000
