"""What an image says of how it is run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from deploys.controller.images.tree import ArchiveError

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What images call the machines that ``uname -m`` names."""


@dataclass(frozen=True)
class Config:
    """The part of an image's configuration that matters to a unit."""

    command: tuple[str, ...] = ()
    """Entrypoint and Cmd."""
    environment: dict[str, str] = field(default_factory=dict)
    directory: str = "/"
    ports: tuple[int, ...] = ()
    user: str = ""
    """Whom it wants to run as. A service runs as a user of its own, whoever that is; root it never is."""
    architecture: str = ""
    diff_ids: tuple[str, ...] = ()
    """Digests of its layers, uncompressed, the lowest first."""


def parse(text: bytes) -> Config:
    """
    An image's configuration.

    Args:
        text: its JSON (OCI image configuration, or what Docker writes)

    Raises:
        ArchiveError: where it is none.
    """
    try:
        whole = json.loads(text)
        of_run: dict[str, Any] = whole.get("config") or {}
        return Config(
            command=(*_words(of_run, "Entrypoint"), *_words(of_run, "Cmd")),
            environment=dict(_pair(one) for one in of_run.get("Env") or ()),
            directory=str(of_run.get("WorkingDir") or "/"),
            ports=tuple(int(str(port).partition("/")[0]) for port in of_run.get("ExposedPorts") or {}),
            user=str(of_run.get("User") or ""),
            architecture=str(whole.get("architecture") or ""),
            diff_ids=tuple(str(one) for one in whole["rootfs"]["diff_ids"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(f"its configuration is none of an image ({type(error).__name__}: {error})") from error


def _words(of_run: dict[str, Any], key: str) -> tuple[str, ...]:
    value = of_run.get(key) or ()
    if isinstance(value, str) or not all(isinstance(word, str) for word in value):
        raise ValueError(f"{key} is no list of words")
    return tuple(value)


def _pair(one: str) -> tuple[str, str]:
    name, _, value = one.partition("=")
    if "\n" in value or "\0" in value:
        raise ValueError(f"variable {name} has a line break")
    return name, value
