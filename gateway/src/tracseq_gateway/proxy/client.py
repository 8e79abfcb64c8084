"""Who the client is, by the connection and by what trusted proxies say."""

from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from tracseq_gateway.configuration.lists import Network
from tracseq_gateway.http.fields import HeaderList

REMEMBERED_CLIENTS = 4096
REMEMBERED_BYTES = 256


class Client(NamedTuple):
    """Where a request came from.

    Attributes:
        address: the client's own address, as far as trusted proxies tell it.
        field_lines: the lines that tell services the way the request took, the nearest hop last.
        host: the host that the client asked for, where a trusted proxy says so.
    """

    address: str
    field_lines: bytes
    host: bytes


UNKNOWN = Client("", b"", b"")


class ClientResolver:
    """Reads ``X-Forwarded-*`` where the connection comes from a trusted proxy."""

    def __init__(self, trusted: tuple[Network, ...]) -> None:
        self._networks = trusted
        self._trusts = lru_cache(REMEMBERED_CLIENTS)(self._is_trusted)
        self._direct = lru_cache(REMEMBERED_CLIENTS)(self._make_direct)
        self._remembered = lru_cache(REMEMBERED_CLIENTS)(self._make_forwarded)

    def resolve(self, peer: str, headers: HeaderList) -> Client:
        """Return the client of a request that came over a connection from ``peer``."""
        if not self._trusts(peer):
            return self._direct(peer)
        forwarded_for = scheme = host = b""
        for name, value in headers:
            if name == b"x-forwarded-for":
                forwarded_for = b"%b,%b" % (forwarded_for, value) if forwarded_for else value
            elif name == b"x-forwarded-proto" and value in (b"http", b"https"):
                scheme = value
            elif name == b"x-forwarded-host":
                host = value
        # What could fill the memory is not worth remembering.
        small = len(forwarded_for) + len(host) <= REMEMBERED_BYTES
        return (self._remembered if small else self._make_forwarded)(peer, forwarded_for, scheme or b"http", host)

    def _make_direct(self, peer: str) -> Client:
        return Client(peer, _field_lines(peer, b"http"), b"")

    def _make_forwarded(self, peer: str, forwarded_for: bytes, scheme: bytes, host: bytes) -> Client:
        chain = [part.strip() for part in forwarded_for.decode("latin-1").split(",")] if forwarded_for else []
        return Client(self._nearest_untrusted(chain, peer), _field_lines(", ".join([*chain, peer]), scheme), host)

    def _nearest_untrusted(self, chain: list[str], peer: str) -> str:
        # Only what trusted proxies added at the end is true; the client may have begun the
        # chain with anything.
        nearest = peer
        for hop in reversed(chain):
            if not _is_address(hop):
                return nearest
            nearest = hop
            if not self._trusts(hop):
                return nearest
        return nearest

    def _is_trusted(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def _field_lines(forwarded_for: str, scheme: bytes) -> bytes:
    return b"x-forwarded-for: %b\r\nx-forwarded-proto: %b\r\n" % (forwarded_for.encode("latin-1"), scheme)


def _is_address(text: str) -> bool:
    # The zone of an IPv6 address may be any text (RFC 4007, 11); other hosts' zones mean nothing here.
    if "%" in text:
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def limit_key(user: str | None, address: str) -> str:
    """Return whom the rate limit counts: the user, or else the address.

    Of an IPv6 address the first 64 bits count, as one subscriber has all of the rest.
    """
    if user is not None:
        return f"user:{user}"
    if ":" in address:
        network = ip_network((address.partition("%")[0], 64), strict=False)
        return f"address:{network.network_address}"
    return f"address:{address}"
