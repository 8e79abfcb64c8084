"""Names the routes of services, as few as there may be series."""

import re
from functools import lru_cache

from tracseq_gateway.metrics.few import Few

SEGMENTS = 4
"""Of a path below its service; what lies deeper is one route."""
ROUTES_PER_SERVICE = 40

_WORD = re.compile(rb"[a-z][a-z_-]{0,23}")


class Routes:
    """What a service answered well is a route of it: no path that a client invents becomes one."""

    def __init__(self) -> None:
        self._of_services: dict[str, Few] = {}

    def name(self, service: str, path: bytes, *, answered_well: bool) -> str:
        """Return the route of a path below its service's address, ``other`` where it is none."""
        routes = self._of_services.get(service)
        if routes is None:
            routes = self._of_services[service] = Few(ROUTES_PER_SERVICE)
        route = f"/api/{service}{shape(path)}"
        return routes.name(route, new=answered_well)


@lru_cache(4096)
def shape(path: bytes) -> str:
    """Return a path with ``{}`` in place of each segment that is no word, such as a number or a name."""
    segments = [segment for segment in path.split(b"/") if segment]
    shown = [segment.decode() if _WORD.fullmatch(segment) else "{}" for segment in segments[:SEGMENTS]]
    return "".join(f"/{segment}" for segment in (*shown, *(["..."] if len(segments) > SEGMENTS else [])))
