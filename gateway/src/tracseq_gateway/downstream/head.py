"""Turns a parsed request head into a request, or refuses it."""

import re
from functools import lru_cache

from tracseq_gateway.downstream.request import Request
from tracseq_gateway.http.fields import HeaderList, connection_options, list_members
from tracseq_gateway.http.problem import Problem

LOOKED_AT = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
WHITESPACE = b" \t"
# uri-host [ ":" port ], of any length to nothing (RFC 9110, 7.2; RFC 3986, 3.2.2).
HOST = re.compile(rb"(?:\[[0-9A-Za-z:.%_~-]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]{0,5})?")
ABSOLUTE = re.compile(rb"(?i)https?://([^/?]*)(.*)", re.DOTALL)
REMEMBERED_HOSTS = 1024
LONGEST_HOST = 300
TARGET_CHARACTERS = bytes(set(range(0x21, 0x7F)) - set(b"\\#"))


def read_head(method: bytes, target: bytes, version: bytes, headers: HeaderList, keep_alive: bool) -> Request:
    """Check a request head and give what the proxy needs to know of it.

    Args:
        version: such as ``1.1``.
        headers: the fields in order, names in lower case.
        keep_alive: the parser's judgement on the connection (RFC 9112, 9.3).

    Raises:
        Problem: the head is ambiguous or not allowed by RFC 9110 or RFC 9112.
    """
    if version[:2] != b"1.":
        raise Problem(505, "The gateway speaks HTTP/1.0 and HTTP/1.1.", "version")
    authority = None
    if not target.startswith(b"/"):
        target, authority = _other_form(method, target)
    if target.translate(None, TARGET_CHARACTERS):
        raise Problem(400, "The request target holds characters that must be encoded.", "target")
    request = Request(method, target, headers)
    # A later minor version is read as HTTP/1.1 (RFC 9110, 2.5).
    request.http_1_0 = version == b"1.0"
    request.persistent = keep_alive
    hosts = 0
    upgrade = b""
    for name, value in headers:
        if name not in LOOKED_AT:
            continue
        if name == b"host":
            hosts += 1
            request.host = value.strip(WHITESPACE)
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
    if not is_host(request.host):
        raise Problem(400, "The Host field is not a host and port.", "host")
    if authority is not None:
        # The target's host is the one that counts (RFC 9112, 3.2.2).
        request.host = authority
    if request.chunked and request.content_length is not None:
        raise Problem(400, "Content-Length and Transfer-Encoding exclude each other.", "framing")
    if upgrade and b"upgrade" in connection_options(headers):
        _take_upgrade(upgrade, request)
    return request


def is_host(value: bytes) -> bool:
    """Whether a value is a host with or without a port (RFC 9110, 7.2)."""
    return len(value) <= LONGEST_HOST and _is_host(value)


@lru_cache(REMEMBERED_HOSTS)
def _is_host(value: bytes) -> bool:
    return HOST.fullmatch(value) is not None


def _other_form(method: bytes, target: bytes) -> tuple[bytes, bytes | None]:
    """Return a target's path and query, and its host where it names one (RFC 9112, 3.2)."""
    if target == b"*" and method == b"OPTIONS":
        return target, None
    absolute = ABSOLUTE.fullmatch(target)
    if absolute is None or method == b"CONNECT":
        raise Problem(400, "The request target must be a path on this gateway.", "target")
    authority, rest = absolute.groups()
    # No userinfo (RFC 9110, 4.2.4), and no empty host (4.2.1).
    if not authority or authority.startswith(b":") or not is_host(authority):
        raise Problem(400, "The request target names no host, or more than a host and port.", "target")
    if not rest and method == b"OPTIONS":
        return b"*", authority
    return rest if rest.startswith(b"/") else b"/" + rest, authority


def _content_length(value: bytes) -> int:
    digits = value.strip(WHITESPACE)
    if not digits.isdigit():
        raise Problem(400, "Content-Length must be one decimal number.", "framing")
    return int(digits)


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
