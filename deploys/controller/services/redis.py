"""The users of services in Redis: each with a password of its own, for keys and channels below its own name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import quote

from deploys.controller.services.names import Instance
from deploys.facts.redis_member import MASTER
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


def where(site: Site, credentials: str = "") -> dict[str, str]:
    """
    Where Redis is: one server's URL, or the Sentinels that know who of three is the master.

    Args:
        site: the site
        credentials: user and password as a URL has them, with an ``@`` after them
    """
    sentinels, shared = site.group("sentinels"), site.shared
    if not sentinels:
        scheme = "rediss" if shared.redis_tls_port else "redis"
        port = shared.redis_tls_port or shared.redis_port
        return {"REDIS_URL": f"{scheme}://{credentials}{site.group('redis')[0].name}:{port}/0"}
    asked = shared.redis_sentinel_tls_port if shared.redis_tls_port else shared.redis_sentinel_port
    return {
        "REDIS_SENTINELS": ",".join(f"{host.name}:{asked}" for host in sentinels),
        "REDIS_MASTER": MASTER,
    }


def quoted(secret: str) -> str:
    """A secret between the double quotes of redis.conf."""
    return secret.replace("\\", "\\\\").replace('"', '\\"')


def shows(site: Site, name: str) -> bool:
    """Whether a service shows Redis a certificate."""
    return site.shared.services[name].redis and site.shared.redis_tls_port is not None


def variables(site: Site, instance: Instance) -> dict[str, str]:
    """
    How an instance of a service finds Redis; empty where it has no user there.

    Args:
        site: the site
        instance: it
    """
    name = instance.name
    if not site.shared.services[name].redis:
        return {}
    password = site.secret(redis_secret(name))
    return {
        **where(site, f"{name}:{quote(password, safe='')}@"),
        "REDIS_USERNAME": name,
        "REDIS_PASSWORD": password,
        "REDIS_KEY_PREFIX": f"{name}:",
        **(instance.shown("REDIS") if shows(site, name) else {}),
    }
