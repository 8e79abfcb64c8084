"""Writes the head of the request that goes to a service."""

from tracseq_gateway.downstream.request import Request
from tracseq_gateway.http.fields import FORWARDING, HOP_BY_HOP, IDENTITY, connection_options
from tracseq_gateway.proxy.client import Client
from tracseq_gateway.proxy.target import Target

REPLACED = (
    HOP_BY_HOP
    | IDENTITY
    | FORWARDING
    | {b"content-length", b"expect", b"host", b"http2-settings", b"x-request-id", b"traceparent"}
)
PLAIN_CONNECTION = frozenset({b"keep-alive", b"close", b"te", b"upgrade", b"http2-settings"})


def common_fields(
    request: Request, client: Client, target: Target, request_id: bytes, traceparent: bytes, identity: bytes
) -> bytes:
    """Return the field lines that are the same for each server of the service.

    Args:
        identity: complete lines that say who asks, or nothing.
    """
    dropped = REPLACED
    wants_trailers = False
    options = connection_options(request.headers)
    if options and not options <= PLAIN_CONNECTION:
        dropped = dropped | options
    lines: list[bytes] = []
    for name, value in request.headers:
        # Many servers read x_user_id and x-user-id as one (RFC 3875, 4.1.18).
        if name in dropped or (b"_" in name and name.replace(b"_", b"-") in dropped):
            if name == b"te" and b"trailers" in value.lower():
                wants_trailers = True
        else:
            lines.append(b"%b: %b\r\n" % (name, value))
    host = client.host or request.host
    lines.append(
        b"x-forwarded-for: %b\r\nx-forwarded-proto: %b\r\nx-forwarded-host: %b\r\n"
        b"x-forwarded-prefix: %b\r\nx-request-id: %b\r\ntraceparent: %b\r\n%b"
        % (client.forwarded_for, client.scheme, host, target.prefix, request_id, traceparent, identity)
    )
    if request.content_length is not None:
        lines.append(b"content-length: %d\r\n" % request.content_length)
    elif request.chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
    if request.expects_continue and request.has_body:
        lines.append(b"expect: 100-continue\r\n")
    if request.upgrade:
        lines.append(b"connection: upgrade\r\nupgrade: %b\r\n" % request.upgrade)
    elif wants_trailers:
        lines.append(b"connection: te\r\nte: trailers\r\n")
    return b"".join(lines)


def accepts_trailers(request: Request) -> bool:
    """Whether the client wants trailer fields (RFC 9110, 6.5.1)."""
    return any(name == b"te" and b"trailers" in value.lower() for name, value in request.headers)
