"""Finds the service of a request path.

``/api/<service>/rest`` goes to the service as ``/rest`` below the path of the service's
address; ``SAMPLE_SERVICE_URL=http://10.0.0.1:8081/v1`` makes it ``/v1/rest``. The part
that was taken off is passed on as ``X-Forwarded-Prefix``.
"""

import re
from typing import NamedTuple

from tracseq_gateway.configuration.service_urls import SERVICE_PATHS
from tracseq_gateway.http.problem import Problem

API_PREFIX = b"/api/"
# Dot segments, encoded or not, and encoded slashes: a service might resolve them after the
# gateway has judged the path by another reading (RFC 3986, 6.2.2).
AMBIGUOUS = re.compile(rb"(?i)(?:^|/)(?:\.|%2e){1,2}(?:/|;|$)|%2f|%5c|%00|%25(?:2e|2f|5c)")


class Target(NamedTuple):
    """Where the requests for one name of a service go.

    Attributes:
        service: the service's name.
        prefix_line: the field line that tells the service what was taken off the path.
    """

    service: str
    prefix_line: bytes


_TARGETS = {
    word.encode(): Target(name, f"x-forwarded-prefix: /api/{word}\r\n".encode())
    for name, words in SERVICE_PATHS.items()
    for word in words
}


def find_target(path: bytes) -> tuple[Target, bytes]:
    """Return where a path below ``/api/`` leads, and the path to ask there for.

    Raises:
        Problem: the path can be read in two ways (400) or names no known service (404).
    """
    if (b"%" in path or b"/." in path) and AMBIGUOUS.search(path):
        raise Problem(400, "The path holds dot segments or encoded slashes.", "path")
    slash = path.find(b"/", len(API_PREFIX))
    end = slash if slash >= 0 else len(path)
    target = _TARGETS.get(path[len(API_PREFIX) : end])
    if target is None:
        raise Problem(404, "There is no such service.", "route")
    return target, path[end:] or b"/"
