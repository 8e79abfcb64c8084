"""What the supported Debian releases bring."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Debian:
    """The versions that roles must know, of one release."""

    postgres: str
    nginx_has_http2_directive: bool
    """``http2 on`` came with nginx 1.25.1, and made ``listen … http2`` a warning."""


RELEASES = {
    "12": Debian(postgres="15", nginx_has_http2_directive=False),
    "13": Debian(postgres="17", nginx_has_http2_directive=True),
}
