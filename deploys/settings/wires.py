"""At which ports other hosts ask what has two: one that is encrypted, and one for the host itself."""

from __future__ import annotations

from deploys.settings.shared import Shared


def gateways(shared: Shared) -> tuple[str, ...]:
    """The names of the ports at which load balancers ask gateways."""
    if shared.gateway_tls_port is None:
        return "gateway_port", "gateway_green_port"
    return "gateway_tls_port", "gateway_green_tls_port"


def redis(shared: Shared) -> tuple[str, ...]:
    """The names of the ports at which other hosts ask Redis and its Sentinels."""
    if shared.redis_tls_port is None:
        return "redis_port", "redis_sentinel_port"
    return "redis_tls_port", "redis_sentinel_tls_port"
