"""Patterns of request paths, for public routes and for rules on roles."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from tracseq_gateway.configuration.service_urls import SERVICE_PATHS

SERVICE_OF_WORD = {word.encode(): name.encode() for name, words in SERVICE_PATHS.items() for word in words}
PLAIN_PATH = re.compile(rb"(?:/[A-Za-z0-9._~!$&'()*+,=:@-]+)+/?")


def normalise_path(path: bytes) -> bytes:
    """Return a path as the most liberal service might read it.

    Escapes are decoded, path parameters and repeated slashes removed, and the names of a
    service (``sample``, ``samples``) made one, so that no spelling gets around a rule.
    """
    segments = [segment.partition(b";")[0] for segment in unquote_to_bytes(path).split(b"/")]
    segments = [segment for segment in segments if segment]
    if len(segments) > 1 and segments[0] == b"api":
        segments[1] = SERVICE_OF_WORD.get(segments[1], segments[1])
    return b"/" + b"/".join(segments)


@dataclass(frozen=True, slots=True)
class PathPattern:
    """An exact path, or with ``/*`` at the end everything at and below it."""

    path: bytes
    below: bool

    def matches(self, path: bytes) -> bool:
        """Whether a path that is normalised falls under the pattern."""
        if path == self.path:
            return True
        return self.below and path.startswith(self.path.rstrip(b"/") + b"/")


def parse_pattern(text: str) -> PathPattern:
    """Read a pattern such as ``/api/auth/login`` or ``/api/samples/*``.

    Raises:
        ValueError: the text is no such pattern.
    """
    below = text.endswith("/*")
    path = text.removesuffix("*")
    if not text.startswith("/api/") or "*" in path:
        raise ValueError(f"{text!r} is no pattern; write /api/<service>/path or /api/<service>/*")
    return PathPattern(normalise_path(path.encode()), below)
