"""Tokens as the platform's auth service would sign them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from dotenv import dotenv_values


def token(**claims: Any) -> str:
    """A token of the lab's site that holds for five minutes (RFC 7519, HS256)."""
    secret = dotenv_values(".env.lab", interpolate=False)["JWT_SECRET_KEY"] or ""
    now = int(time.time())
    parts = ({"alg": "HS256", "typ": "JWT"}, {"iat": now, "exp": now + 300, **claims})
    text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{encoded(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))}"


def encoded(data: bytes) -> str:
    """base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
