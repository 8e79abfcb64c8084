"""Which routes answer everybody alike."""

from __future__ import annotations

import re

from deploys.settings.host import SiteHost

ROUTE = r"^(/[A-Za-z0-9._~-]+)+(/\*)?$"
"""A path, or with ``/*`` at the end all below it; nothing that nginx or the gateway would read in another way."""


def public(gateway: SiteHost) -> frozenset[str]:
    """
    The routes that a gateway answers without a token, for any method or for GET.

    Args:
        gateway: its host
    """
    environment = gateway.value("gateway_environment")
    routes = str(environment.get("PUBLIC_ROUTES", "")) if isinstance(environment, dict) else ""
    found = (route.rpartition(" ") for route in re.split(r"\s*,\s*", routes.strip()))
    return frozenset(path for methods, _, path in found if not methods or {"*", "GET"} & set(methods.split("|")))
