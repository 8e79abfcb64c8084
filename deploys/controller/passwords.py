"""Passwords as nginx keeps them, so that a host has none that can be read."""

from __future__ import annotations

import base64
import hashlib

import bcrypt

COST = 6
"""nginx asks anew for each request: 2 to the power of this many rounds, some 4 ms."""
LONGEST = 72
"""Bytes of a password that bcrypt looks at."""


def line(user: str, password: str, place: str) -> str:
    """
    A line of a file for ``auth_basic_user_file``, the same whenever it is made.

    Args:
        user: whose it is
        password: at most 72 bytes
        place: what the salt is made of: no other place of any site has the same name
    """
    salt = base64.b64encode(hashlib.sha256(place.encode()).digest()[:16], b"./").rstrip(b"=").translate(_ALPHABET)
    hashed = bcrypt.hashpw(password.encode(), b"$2b$%02d$%b" % (COST, salt)).decode()
    return f"{user}:{hashed}\n"


_ALPHABET = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./",
    b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
)
"""From base64's letters to those of bcrypt."""
