"""Lets a caller's requests through up to the limit.

Not every request asks Redis: the gateway takes a lease of several requests, and the count
in Redis is raised by the whole lease before the first of them passes. All gateways together
can therefore never let more through than the limit. What a lease may cost is the other way:
requests that one gateway holds and does not use are missing to the others until the window
ends. A lease begins with one request, doubles with use, and is never more than a twentieth
of the limit or a quarter of what is free.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tracseq_gateway.http.fields import HeaderList
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.infrastructure.redis import RedisAway
from tracseq_gateway.limiting.local_counter import LocalCounter
from tracseq_gateway.limiting.shared_counter import Grant

LARGEST_SHARE = 20
DENIAL_SECONDS = 1.0


@dataclass(slots=True)
class Lease:
    """Requests that this gateway may let through for one caller.

    Attributes:
        amount: requests not used yet.
        size: how many were asked for last.
        free: what remained for all when the lease was taken.
        lapses_at: the loop's time at which the window ends.
        denied_until: the loop's time before which asking again is of no use.
        retry_after: seconds that a denied caller is told to wait.
    """

    amount: float = 0.0
    size: float = 0.5
    free: float = 0.0
    lapses_at: float = 0.0
    denied_until: float = 0.0
    retry_after: float = 0.0


class Counter(Protocol):
    """Counts a caller's requests over all gateways."""

    @property
    def reached(self) -> bool:
        """Whether the counter can be asked now, as far as is known."""

    async def take(self, key: str, want: float, need: float) -> Grant:
        """Take up to ``want`` requests, at least ``need`` or none; RedisAway where nobody answers."""


class RateLimiter:
    """The limit of ``RATE_LIMIT_REQUESTS`` in ``RATE_LIMIT_WINDOW`` seconds for each caller.

    Args:
        shared: counts for all gateways.
        local: counts for this one while the other cannot be asked.
        clock: tells the time in seconds.

    Attributes:
        limit: requests a window, 0 for any number.
        enabled: there is a limit at all.
        window: seconds.
    """

    def __init__(
        self, shared: Counter, local: LocalCounter, limit: int, window: int, clock: Callable[[], float]
    ) -> None:
        self.limit = limit
        self.enabled = limit > 0
        self.window = window
        self._shared = shared
        self._local = local
        self._clock = clock
        self._leases: dict[str, Lease] = {}
        self._largest = max(1.0, self.limit / LARGEST_SHARE)
        self._policy = b"%d;w=%d" % (self.limit, self.window)

    @property
    def shared(self) -> bool:
        """Whether the limit holds over all gateways now."""
        return self._shared.reached

    def spend_leased(self, key: str, cost: float) -> bytes | None:
        """Let a request through by a lease that is there; None when another must be taken."""
        lease = self._leases.get(key)
        if lease is None or lease.amount < cost:
            return None
        now = self._clock()
        if now >= lease.lapses_at:
            return None
        lease.amount -= cost
        return self._fields(lease, cost, now)

    async def spend(self, key: str, cost: float) -> bytes:
        """Let a request through, or refuse it.

        Args:
            key: who is limited, such as ``user:<id>``.
            cost: how many requests it counts as, 1 or more.

        Returns:
            The ``RateLimit-*`` field lines of the answer.

        Raises:
            Problem: the limit is reached (429).
        """
        fields = self.spend_leased(key, cost)
        if fields is not None:
            return fields
        now = self._clock()
        lease = self._leases.setdefault(key, Lease())
        if now < lease.denied_until:
            raise self._refusal(lease, cost, now)
        grant = await self._take(key, lease, cost)
        now = self._clock()
        lease.free = max(0.0, grant.free)
        lease.amount = (lease.amount if now < lease.lapses_at else 0.0) + grant.amount
        lease.lapses_at = now + grant.seconds_left
        if lease.amount < cost:
            lease.retry_after = self._seconds_until_free(grant, cost)
            lease.denied_until = now + min(DENIAL_SECONDS, lease.retry_after)
            raise self._refusal(lease, cost, now)
        lease.amount -= cost
        return self._fields(lease, cost, now)

    async def _take(self, key: str, lease: Lease, cost: float) -> Grant:
        try:
            lease.size = min(self._largest, lease.size * 2)
            return await self._shared.take(key, max(cost, lease.size), cost)
        except RedisAway:
            return self._local.take(key, cost)

    def _seconds_until_free(self, grant: Grant, cost: float) -> float:
        lacking = cost - grant.free
        # What was counted before fades evenly; what is counted now begins to fade with the
        # next window.
        if grant.before > 0:
            seconds = lacking * self.window / grant.before
            if seconds <= grant.seconds_left:
                return seconds
        over = max(0.0, grant.current + cost - self.limit)
        return grant.seconds_left + (over * self.window / grant.current if grant.current else 0.0)

    def _fields(self, lease: Lease, cost: float, now: float) -> bytes:
        return b"ratelimit-limit: %d\r\nratelimit-policy: %b\r\nratelimit-remaining: %d\r\nratelimit-reset: %d\r\n" % (
            self.limit / cost,
            self._policy,
            (lease.free + lease.amount) / cost,
            math.ceil(lease.lapses_at - now),
        )

    def _refusal(self, lease: Lease, cost: float, now: float) -> Problem:
        seconds = max(1, math.ceil(lease.retry_after))
        headers: HeaderList = [
            (b"retry-after", b"%d" % seconds),
            (b"ratelimit-limit", b"%d" % (self.limit / cost)),
            (b"ratelimit-policy", self._policy),
            (b"ratelimit-remaining", b"0"),
            (b"ratelimit-reset", b"%d" % seconds),
        ]
        return Problem(429, f"Too many requests; try again in {seconds} seconds.", "limited", headers)

    def forget_old(self) -> None:
        """Forget callers whose lease has lapsed."""
        now = self._clock()
        for key in [key for key, lease in self._leases.items() if lease.lapses_at < now]:
            del self._leases[key]
        self._local.forget_old()
