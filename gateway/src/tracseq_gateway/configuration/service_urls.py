"""The services behind the gateway and the addresses they are reached at."""

from dataclasses import dataclass
from urllib.parse import urlsplit

SERVICE_PATHS: dict[str, tuple[str, ...]] = {
    "auth": ("auth",),
    "sample": ("sample", "samples"),
    "storage": ("storage",),
    "template": ("template", "templates"),
    "sequencing": ("sequencing",),
    "notification": ("notification", "notifications"),
    "transaction": ("transaction", "transactions"),
    "event": ("event", "events"),
    "rag": ("rag",),
}
"""For each service the words that stand for it after ``/api/``."""


@dataclass(frozen=True, slots=True)
class UpstreamAddress:
    """Where one server of a service listens."""

    secure: bool
    host: str
    port: int
    path_prefix: str

    @property
    def authority(self) -> str:
        """``host:port``, with brackets around an IPv6 address (RFC 3986, 3.2.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.authority}{self.path_prefix}"


def parse_service_urls(text: str) -> tuple[UpstreamAddress, ...]:
    """Read addresses parted by commas, such as ``http://10.0.0.1:8080,http://10.0.0.2:8080``.

    Raises:
        ValueError: an address is not one a request can be sent to.
    """
    addresses = tuple(_parse(part.strip()) for part in text.split(",") if part.strip())
    if len(set(addresses)) != len(addresses):
        raise ValueError("it names the same address twice; name each server once")
    return addresses


def _parse(url: str) -> UpstreamAddress:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("each address must begin with http:// or https://")
    if not parts.hostname:
        raise ValueError("an address names no host; write http://10.0.0.1:8080")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("an address may hold only scheme, host, port and path")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError("a port in it is not a number between 1 and 65535") from error
    secure = parts.scheme == "https"
    return UpstreamAddress(
        secure=secure,
        host=parts.hostname,
        port=port or (443 if secure else 80),
        path_prefix=parts.path.rstrip("/"),
    )
