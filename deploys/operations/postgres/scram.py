"""SCRAM-SHA-256 verifiers, computed here so that a server is never given a password."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

ITERATIONS = 4096
"""Postgres' own default (scram_iterations)."""


def verifier(password: str, parameters: str | None = None) -> str:
    """
    What Postgres stores for a password (pg_authid, RFC 5803; the keys are RFC 5802's).

    Passwords are printable ASCII, which SASLprep leaves as it is.

    + password: the password
    + parameters: iterations and salt, ``4096:<base64>``; without them, new ones
    """
    if parameters is None:
        parameters = f"{ITERATIONS}:{base64.b64encode(os.urandom(16)).decode()}"
    iterations, _, salt = parameters.partition(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    keys = f"{base64.b64encode(stored).decode()}:{base64.b64encode(server).decode()}"
    return f"SCRAM-SHA-256${parameters}${keys}"


def matches(password: str, parameters: str | None, digest: str | None) -> bool:
    """
    Whether a verifier on a server is that of a password.

    + password: the password
    + parameters: the verifier's iterations and salt; None where it is none of SCRAM-SHA-256
    + digest: SHA-256 of the whole verifier, hexadecimal
    """
    if parameters is None:
        return False
    return hashlib.sha256(verifier(password, parameters).encode()).hexdigest() == digest
