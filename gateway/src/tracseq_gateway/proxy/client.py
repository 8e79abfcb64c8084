"""Who the client is, by the connection and by what trusted proxies say."""

from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from tracseq_gateway.configuration.lists import Network
from tracseq_gateway.http.fields import HeaderList


class Client(NamedTuple):
    """Where a request came from.

    Attributes:
        address: the client's own address, as far as trusted proxies tell it.
        forwarded_for: the chain for ``X-Forwarded-For``, the nearest hop last.
        scheme: ``http`` or ``https``, as the client spoke it.
        host: the host that the client asked for, where a trusted proxy says so.
    """

    address: str
    forwarded_for: bytes
    scheme: bytes
    host: bytes


UNKNOWN = Client("", b"", b"http", b"")


class ClientResolver:
    """Reads ``X-Forwarded-*`` where the connection comes from a trusted proxy."""

    def __init__(self, trusted: tuple[Network, ...]) -> None:
        self._networks = trusted
        self._trusts = lru_cache(maxsize=4096)(self._is_trusted)

    def resolve(self, peer: str, headers: HeaderList) -> Client:
        """Return the client of a request that came over a connection from ``peer``."""
        if not self._trusts(peer):
            return Client(peer, peer.encode(), b"http", b"")
        chain: list[str] = []
        scheme, host = b"http", b""
        for name, value in headers:
            if name == b"x-forwarded-for":
                chain.extend(part.strip() for part in value.decode("latin-1").split(","))
            elif name == b"x-forwarded-proto" and value in (b"http", b"https"):
                scheme = value
            elif name == b"x-forwarded-host":
                host = value
        return Client(self._nearest_untrusted(chain, peer), _join(chain, peer), scheme, host)

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


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _join(chain: list[str], peer: str) -> bytes:
    return ", ".join([*chain, peer]).encode("latin-1")


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
