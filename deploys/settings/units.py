"""Values as an administrator writes them, and as a program needs them."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

SIZES = {"kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
DURATIONS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def size(value: Any) -> Any:
    """A size such as ``512MB`` in bytes; the units are those of postgresql.conf (powers of 1024)."""
    if isinstance(value, int):
        return value
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(kB|MB|GB|TB)", str(value))
    if not match:
        raise ValueError(f"{value!r} is no size: write a number and one of {', '.join(SIZES)}")
    return int(float(match[1]) * SIZES[match[2]])


def duration(value: Any) -> Any:
    """A duration such as ``30s`` in seconds."""
    if isinstance(value, (int, float)):
        return float(value)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)", str(value))
    if not match:
        raise ValueError(f"{value!r} is no duration: write a number and one of {', '.join(DURATIONS)}")
    return float(match[1]) * DURATIONS[match[2]]


def network(value: Any) -> Any:
    """An address or a network in CIDR notation, IPv4 or IPv6, in its normal form."""
    try:
        return str(ipaddress.ip_network(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is no address and no network: {error}") from error


def address4(value: Any) -> Any:
    """An IPv4 address."""
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is no IPv4 address") from error


def optional_address4(value: Any) -> Any:
    """An IPv4 address, or None."""
    return None if value is None else address4(value)


def address6(value: Any) -> Any:
    """An IPv6 address, or None."""
    try:
        return None if value is None else str(ipaddress.IPv6Address(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is no IPv6 address") from error


def written(size_in_bytes: int) -> str:
    """A size as postgresql.conf and redis.conf take it: the largest unit that divides it."""
    for unit, factor in reversed(SIZES.items()):
        if size_in_bytes >= factor and size_in_bytes % factor == 0:
            return f"{size_in_bytes // factor}{unit}"
    return f"{size_in_bytes // 1024}kB"


Size = Annotated[int, BeforeValidator(size)]
Duration = Annotated[float, BeforeValidator(duration)]
Network = Annotated[str, BeforeValidator(network)]
Address4 = Annotated[str, BeforeValidator(address4)]
OptionalAddress4 = Annotated[str | None, BeforeValidator(optional_address4)]
Address6 = Annotated[str | None, BeforeValidator(address6)]
Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]*$", max_length=63)]
"""A name that Unix, Postgres and the DNS all take without quotes."""
Identifier = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$", max_length=63)]
"""A name that Postgres takes without quotes."""
