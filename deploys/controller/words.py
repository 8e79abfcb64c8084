"""Sizes and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from deploys.settings.units import SIZES

TIMES = (("d", 86400), ("h", 3600), ("min", 60))


def size(number: float) -> str:
    """
    A size in the largest unit that it fills, with two or three digits.

    Args:
        number: bytes
    """
    for unit, factor in reversed(SIZES.items()):
        if number >= factor:
            count = number / factor
            return f"{count:.1f} {unit}" if count < 10 else f"{count:.0f} {unit}"
    return f"{number:.0f} B"


def time(seconds: float) -> str:
    """
    A time in the largest unit that it fills twice, or in seconds.

    Args:
        seconds: none is below 0
    """
    for unit, factor in TIMES:
        if seconds >= 2 * factor:
            return f"{seconds / factor:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"


def moment(timestamp: float) -> str:
    """
    A moment, in UTC.

    Args:
        timestamp: seconds since 1970
    """
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M")


def second(timestamp: float) -> str:
    """
    A moment to the second, in UTC, for where it is given to a command.

    Args:
        timestamp: seconds since 1970
    """
    return datetime.fromtimestamp(timestamp, UTC).strftime("%F %T UTC")


def iso(timestamp: float) -> str:
    """
    A moment as programs read it (RFC 3339).

    Args:
        timestamp: seconds since 1970
    """
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")
