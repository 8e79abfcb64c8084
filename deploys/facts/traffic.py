"""What a gateway has answered so far: how many requests, how many of them badly, and how fast."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SERIES = r"^http_requests_total{|^http_request_duration_seconds_bucket{"
"""For grep(1): the lines of a gateway's metrics that are read."""
LINE = re.compile(r"(\w+)\{(.*)\} (\S+)")
FAILED = re.compile(r'status="5\d\d"')
LIMIT = re.compile(r'le="([^"]+)"')


@dataclass(frozen=True)
class Traffic:
    """
    Requests of a gateway since it started, or between two moments.

    + requests: answered ones
    + failed: those that were answered with a status of 5xx
    + within: how many took at most so many seconds, by the seconds; the last limit is infinite
    """

    requests: int = 0
    failed: int = 0
    within: Mapping[float, int] = field(default_factory=dict)

    def since(self, before: Traffic) -> Traffic:
        """What came between two moments."""
        within = {limit: count - before.within.get(limit, 0) for limit, count in self.within.items()}
        return Traffic(self.requests - before.requests, self.failed - before.failed, within)

    def with_(self, other: Traffic) -> Traffic:
        """That of two gateways."""
        limits = sorted({*self.within, *other.within})
        within = {limit: self.within.get(limit, 0) + other.within.get(limit, 0) for limit in limits}
        return Traffic(self.requests + other.requests, self.failed + other.failed, within)

    @property
    def failing(self) -> float:
        """The share of requests that failed, 0 to 1."""
        return self.failed / self.requests if self.requests else 0.0

    def quantile(self, share: float) -> float:
        """
        The seconds within which this share of the requests was answered, as Prometheus' histogram_quantile() has it.

        + share: 0 to 1
        """
        limits = sorted(self.within)
        total = self.within[limits[-1]] if limits else 0
        if not total:
            return 0.0
        rank, below, lower = share * total, 0, 0.0
        for limit in limits:
            count = self.within[limit]
            if count >= rank and count > below:
                return lower if limit == float("inf") else lower + (limit - lower) * (rank - below) / (count - below)
            below, lower = count, limit
        return lower


def parsed(lines: Iterable[str]) -> Traffic:
    """
    A gateway's metrics as values.

    + lines: as Prometheus' text format has them (of SERIES)
    """
    requests, failed = 0.0, 0.0
    within: defaultdict[float, float] = defaultdict(float)
    for line in lines:
        if not (match := LINE.match(line)):
            continue
        name, labels, value = match.groups()
        if name == "http_requests_total":
            requests += float(value)
            failed += float(value) if FAILED.search(labels) else 0
        elif name == "http_request_duration_seconds_bucket" and (limit := LIMIT.search(labels)):
            within[float(limit[1])] += float(value)
    return Traffic(int(requests), int(failed), {limit: int(count) for limit, count in sorted(within.items())})
