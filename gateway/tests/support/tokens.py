"""Tokens as the platform's authentication service would make them."""

import time
from typing import Any

import jwt

from support.gateway import JWT_SECRET


def make_token(key: Any = JWT_SECRET, algorithm: str = "HS256", key_id: str | None = None, **claims: Any) -> str:
    """Return a token that is valid for a minute unless the claims say otherwise; None drops a claim."""
    content = {"sub": "user-1", "exp": int(time.time()) + 60, "tenant_id": "lab-7", "roles": ["technician"]} | claims
    content = {name: value for name, value in content.items() if value is not None}
    return jwt.encode(content, key, algorithm, headers={"kid": key_id} if key_id else None)


def bearer(token: str | None = None) -> dict[str, str]:
    """Return the header field that carries a token."""
    return {"Authorization": f"Bearer {token or make_token()}"}
