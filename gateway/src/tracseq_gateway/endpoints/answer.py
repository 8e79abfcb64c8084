"""An answer of one of the gateway's own endpoints."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """A status code and content of a media type."""

    status: int
    content_type: bytes
    body: bytes


def json_answer(status: int, content: dict[str, Any]) -> Answer:
    """Return content as JSON."""
    return Answer(status, b"application/json", json.dumps(content).encode())
