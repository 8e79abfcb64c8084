"""Writes the head of the request that goes to a service."""

from tracseq_gateway.downstream.request import Request
from tracseq_gateway.http.fields import FORWARDING, HOP_BY_HOP, IDENTITY, connection_options, list_members
from tracseq_gateway.proxy.client import Client
from tracseq_gateway.proxy.final_recipient import one_forward_less
from tracseq_gateway.proxy.target import Target
from tracseq_gateway.proxy.via import VIA

REPLACED = (
    HOP_BY_HOP
    | IDENTITY
    | FORWARDING
    | {b"content-length", b"expect", b"host", b"http2-settings", b"max-forwards", b"x-request-id", b"traceparent"}
)
PLAIN_CONNECTION = frozenset({b"keep-alive", b"close", b"te", b"upgrade", b"http2-settings"})


def common_fields(
    request: Request, client: Client, target: Target, request_id: bytes, traceparent_line: bytes, identity: bytes
) -> bytes:
    """Return the field lines that are the same for each server of the service.

    Args:
        identity: complete lines that say who asks, or nothing.
    """
    pieces: list[bytes] = []
    options: frozenset[bytes] = frozenset()
    for name, value in request.headers:
        # Many servers read x_user_id and x-user-id as one (RFC 3875, 4.1.18).
        if name not in REPLACED and (b"_" not in name or name.replace(b"_", b"-") not in REPLACED):
            pieces += (name, b": ", value, b"\r\n")
        elif name == b"connection":
            options = connection_options(request.headers)
        elif name == b"te":
            request.wants_trailers = b"trailers" in list_members(value)
        elif name == b"max-forwards":
            pieces += (name, b": ", one_forward_less(request.method, value), b"\r\n")
    if not options <= PLAIN_CONNECTION:
        pieces = [piece for line in _lines(pieces) if line[0] not in options for piece in line]
    pieces += (client.field_lines, b"x-forwarded-host: ", client.host or request.host, b"\r\n", target.prefix_line)
    pieces += (VIA[request.http_1_0], b"x-request-id: ", request_id, b"\r\n", traceparent_line, identity)
    if request.content_length is not None:
        pieces.append(b"content-length: %d\r\n" % request.content_length)
    elif request.chunked:
        pieces.append(b"transfer-encoding: chunked\r\n")
    if request.expects_continue and request.has_body:
        pieces.append(b"expect: 100-continue\r\n")
    if request.upgrade:
        pieces.append(b"connection: upgrade\r\nupgrade: %b\r\n" % request.upgrade)
    elif request.wants_trailers:
        pieces.append(b"connection: te\r\nte: trailers\r\n")
    return b"".join(pieces)


def _lines(pieces: list[bytes]) -> list[list[bytes]]:
    return [pieces[start : start + 4] for start in range(0, len(pieces), 4)]
