"""A service behind the gateway: its servers, and which of them gets the next request."""

from collections.abc import Collection, Sequence

from tracseq_gateway.limiting.pace import ServicePace
from tracseq_gateway.upstream.breaker import CircuitBreaker
from tracseq_gateway.upstream.server import UpstreamServer


class Service:
    """A service with one or more servers.

    Attributes:
        name: the service's name, such as ``sample``.
        servers: its servers in the order of the configuration.
        breaker: spares the service while it fails.
        pace: what its requests cost their callers.
        in_flight: requests that are under way.
    """

    def __init__(
        self, name: str, servers: Sequence[UpstreamServer], breaker: CircuitBreaker, pace: ServicePace
    ) -> None:
        self.name = name
        self.breaker = breaker
        self.pace = pace
        self.in_flight = 0
        self.servers = tuple(servers)
        self._turn = 0

    def choose(self, tried: Collection[UpstreamServer] = ()) -> UpstreamServer:
        """Return the healthy server with the fewest requests under way.

        Equals take turns. Servers in ``tried`` are taken only when no other is left, and
        unhealthy ones only when all are: the checks may be wrong, no answer is certain.
        """
        if len(self.servers) == 1:
            return self.servers[0]
        candidates = (
            [server for server in self.servers if server.healthy and server not in tried]
            or [server for server in self.servers if server.healthy]
            or list(self.servers)
        )
        self._turn += 1
        start = self._turn % len(candidates)
        return min(candidates[start:] + candidates[:start], key=lambda server: server.outstanding)
