"""One server of a service, as the balancer sees it."""

from tracseq_gateway.configuration.service_urls import UpstreamAddress
from tracseq_gateway.upstream.pool import ConnectionPool


class UpstreamServer:
    """A server with its connections and how it fares.

    Attributes:
        path_prefix: what stands before each request's path.
        host_line: the Host field of each request.
        outstanding: requests under way.
        healthy: the last active check was answered well; true before the first.
        checked: there has been a check.
    """

    __slots__ = ("address", "checked", "healthy", "host_line", "label", "outstanding", "path_prefix", "pool")

    def __init__(self, address: UpstreamAddress, pool: ConnectionPool) -> None:
        self.address = address
        self.label = str(address)
        self.path_prefix = address.path_prefix.encode()
        self.host_line = f"host: {address.authority}\r\n".encode()
        self.pool = pool
        self.outstanding = 0
        self.healthy = True
        self.checked = False
