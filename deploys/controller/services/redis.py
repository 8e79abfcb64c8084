"""The users of services in Redis: each with a password of its own, for keys and channels below its own name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import quote

from deploys.settings.catalogue import own, redis_secret
from deploys.settings.site import Site


@dataclass(frozen=True)
class User:
    """A user of Redis."""

    name: str
    digest: str
    """SHA-256 of its password, hexadecimal: all that Redis needs of it."""
    prefixes: tuple[str, ...]
    """How the keys and channels begin that it may use, before a colon."""


def users(site: Site) -> list[User]:
    """The users of a site's services."""
    return [
        User(name, digest(site.secret(redis_secret(name))), tuple(dict.fromkeys((name, *service.redis_shared))))
        for name, service in own(site.shared).items()
        if service.redis
    ]


def digest(password: str) -> str:
    """What Redis keeps of a password."""
    return hashlib.sha256(password.encode()).hexdigest()


def variables(site: Site, name: str) -> dict[str, str]:
    """
    How a service finds Redis; empty where it has no user there.

    Args:
        site: the site
        name: of the service
    """
    if not site.shared.services[name].redis:
        return {}
    host, password = site.group("redis")[0].name, site.secret(redis_secret(name))
    return {
        "REDIS_URL": f"redis://{name}:{quote(password, safe='')}@{host}:{site.shared.redis_port}/0",
        "REDIS_USERNAME": name,
        "REDIS_PASSWORD": password,
        "REDIS_KEY_PREFIX": f"{name}:",
    }
