"""Header fields that a proxy treats specially; names are lower case."""

HeaderList = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields that concern one connection only (RFC 9110, 7.6.1)."""

IDENTITY = frozenset({b"x-user-id", b"x-tenant-id", b"x-roles"})
"""Fields by which the gateway tells services who asks; a client's own are removed."""

FORWARDING = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-real-ip",
    }
)
"""Fields about the way a request took; believed only from trusted proxies."""

NEVER_IN_TRAILERS = (
    HOP_BY_HOP
    | IDENTITY
    | FORWARDING
    | {b"authorization", b"content-encoding", b"content-length", b"content-type", b"host", b"set-cookie"}
)
"""Fields that must not be taken from a trailer section (RFC 9110, 6.5.1)."""


def list_members(value: bytes) -> list[bytes]:
    """Split a comma separated field value into its lower case members (RFC 9110, 5.6.1)."""
    return [member for part in value.lower().split(b",") if (member := part.strip())]


def connection_options(headers: HeaderList) -> frozenset[bytes]:
    """Return the options of all ``Connection`` fields (RFC 9110, 7.6.1)."""
    options: set[bytes] = set()
    for name, value in headers:
        if name == b"connection":
            options.update(list_members(value))
    return frozenset(options)
