"""One server of a service, as the balancer sees it."""

from tracseq_gateway.configuration.service_urls import UpstreamAddress
from tracseq_gateway.upstream.pool import ConnectionPool


class UpstreamServer:
    """A server with its connections and how it fares.

    Attributes:
        outstanding: requests under way.
        healthy: the last active check was answered well; true before the first.
    """

    __slots__ = ("address", "healthy", "label", "outstanding", "pool")

    def __init__(self, address: UpstreamAddress, pool: ConnectionPool) -> None:
        self.address = address
        self.label = str(address)
        self.pool = pool
        self.outstanding = 0
        self.healthy = True
