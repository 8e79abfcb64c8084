"""What a client may take up, and how long it may take."""

from dataclasses import dataclass

from tracseq_gateway.configuration.settings import Settings


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """The settings that each request is held to; a plain object is read several times faster than settings.

    Attributes:
        head_bytes: the largest head.
        head_fields: the most fields of a head.
        body_bytes: the largest body, 0 for any.
        head_seconds: until a head that has begun must be whole.
        idle_seconds: that may pass within a request and its answer without anything moving.
        keep_alive_seconds: that a connection may wait for its next request.
    """

    head_bytes: int
    head_fields: int
    body_bytes: int
    head_seconds: float
    idle_seconds: float
    keep_alive_seconds: float


def client_limits(settings: Settings) -> ClientLimits:
    """Return the configured limits."""
    return ClientLimits(
        head_bytes=settings.max_header_size,
        head_fields=settings.max_header_count,
        body_bytes=settings.max_request_size,
        head_seconds=settings.client_header_timeout,
        idle_seconds=settings.client_idle_timeout,
        keep_alive_seconds=settings.client_keep_alive_timeout,
    )
