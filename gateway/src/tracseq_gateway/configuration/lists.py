"""Values of variables that are lists parted by commas."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

Network = IPv4Network | IPv6Network


def split_list(value: object) -> object:
    """Split a text at its commas; anything else is left to the next validator."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def parse_networks(value: object) -> object:
    """Read networks such as ``10.0.0.0/8,192.0.2.7``.

    Raises:
        ValueError: a part is neither an address nor a network.
    """
    parts = split_list(value)
    if not isinstance(parts, tuple):
        return parts
    networks: list[Network] = []
    for part in parts:
        try:
            networks.append(part if isinstance(part, Network) else ip_network(part))
        except ValueError as error:
            raise ValueError(f"{part!r} is not a network such as 10.0.0.0/8") from error
    return tuple(networks)


TextList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_list)]
NetworkList = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(parse_networks)]
