"""Turns a parsed request head into a request, or refuses it."""

from tracseq_gateway.downstream.request import Request
from tracseq_gateway.http.fields import HeaderList, connection_options, list_members
from tracseq_gateway.http.problem import Problem

LOOKED_AT = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
TARGET_CHARACTERS = bytes(set(range(0x21, 0x7F)) - set(b"\\#"))


def read_head(method: bytes, target: bytes, version: str, headers: HeaderList, keep_alive: bool) -> Request:
    """Check a request head and give what the proxy needs to know of it.

    Args:
        headers: the fields in order, names in lower case.
        keep_alive: the parser's judgement on the connection (RFC 9112, 9.3).

    Raises:
        Problem: the head is ambiguous or not allowed by RFC 9110 or RFC 9112.
    """
    request = Request(method, _origin_form(method, target), headers)
    request.http_1_0 = version == "1.0"
    request.persistent = keep_alive
    if version not in ("1.0", "1.1"):
        raise Problem(505, "The gateway speaks HTTP/1.1 and HTTP/1.0.", "version")
    hosts = 0
    upgrade = b""
    for name, value in headers:
        if name not in LOOKED_AT:
            continue
        if name == b"host":
            hosts += 1
            request.host = value
        elif name == b"content-length":
            request.content_length = _content_length(value)
        elif name == b"transfer-encoding":
            _check_transfer_encoding(value, request)
        elif name == b"expect":
            _check_expectation(value, request)
        elif name == b"upgrade":
            upgrade = value
    if hosts > 1 or (hosts == 0 and not request.http_1_0):
        raise Problem(400, "The request must have exactly one Host field.", "host")
    if b"/" in request.host or b"@" in request.host or b" " in request.host:
        raise Problem(400, "The Host field is not a host and port.", "host")
    if request.chunked and request.content_length is not None:
        raise Problem(400, "Content-Length and Transfer-Encoding exclude each other.", "framing")
    if upgrade and b"upgrade" in connection_options(headers):
        _take_upgrade(upgrade, request)
    return request


def _origin_form(method: bytes, target: bytes) -> bytes:
    if target == b"*" and method == b"OPTIONS":
        return target
    if not target.startswith(b"/"):
        target = _path_of_absolute_form(target)
    if method == b"CONNECT" or not target:
        raise Problem(400, "The request target must be a path on this gateway.", "target")
    if target.translate(None, TARGET_CHARACTERS):
        raise Problem(400, "The request target holds characters that must be encoded.", "target")
    return target


def _path_of_absolute_form(target: bytes) -> bytes:
    if not target.startswith((b"http://", b"https://")):
        return b""
    rest = target.split(b"://", 1)[1]
    slash = rest.find(b"/")
    return rest[slash:] if slash >= 0 else b"/"


def _content_length(value: bytes) -> int:
    if not value.isdigit():
        raise Problem(400, "Content-Length must be one decimal number.", "framing")
    return int(value)


def _check_transfer_encoding(value: bytes, request: Request) -> None:
    if request.chunked or request.http_1_0:
        raise Problem(400, "Transfer-Encoding is not allowed here.", "framing")
    if list_members(value) != [b"chunked"]:
        raise Problem(501, "The only Transfer-Encoding understood is chunked.", "framing")
    request.chunked = True


def _check_expectation(value: bytes, request: Request) -> None:
    if value.strip().lower() != b"100-continue":
        raise Problem(417, "The only expectation understood is 100-continue.", "expectation")
    request.expects_continue = not request.http_1_0


def _take_upgrade(value: bytes, request: Request) -> None:
    protocol = value.strip().lower()
    # A server may ignore an Upgrade field (RFC 9110, 7.8); h2c would take the connection out
    # of the gateway's sight.
    if request.http_1_0 or protocol != b"websocket":
        return
    if request.has_body:
        raise Problem(400, "A request that changes the protocol must have no body.", "framing")
    request.upgrade = protocol
