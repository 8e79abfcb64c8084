"""The count of a caller's requests that all gateways share in Redis."""

import hashlib
from dataclasses import dataclass

from tracseq_gateway.infrastructure.redis import RedisStore

# A sliding window by two counters: what was counted in the window before fades as the
# present one goes on. Redis runs the script as one step and gives the time, so that neither
# two gateways at once nor clocks that differ can let too many through.
# Lua's tostring() has 14 digits: a request that costs 10/7 would be given less than it needs.
SCRIPT = """
local function exact(number) return string.format('%.17g', number) end
local limit, window, want, need = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local windows = (tonumber(time[1]) + tonumber(time[2]) / 1000000) / window
local index = math.floor(windows)
local left = 1 - (windows - index)
local state = redis.call('HMGET', KEYS[1], 'index', 'current', 'before')
local stored, current, before = tonumber(state[1]) or index, tonumber(state[2]) or 0, tonumber(state[3]) or 0
if stored < index then
  if stored == index - 1 then before = current else before = 0 end
  current = 0
end
local free = limit - current - before * left
local granted = 0
if free >= need then
  granted = math.max(need, math.min(want, free / 4))
  current = current + granted
  redis.call('HSET', KEYS[1], 'index', index, 'current', exact(current), 'before', exact(before))
  redis.call('EXPIRE', KEYS[1], math.ceil(2 * window) + 1)
end
return {exact(granted), exact(free - granted), exact(left * window), exact(current), exact(before)}
"""
SCRIPT_SHA = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
KEY_PREFIX = "tracseq:limit:"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a counter gave.

    Attributes:
        amount: requests granted, 0 when the limit is reached.
        free: what remains for anybody afterwards.
        seconds_left: until the present window ends and what was granted lapses.
        current: counted in the present window.
        before: counted in the window before.
    """

    amount: float
    free: float
    seconds_left: float
    current: float
    before: float


class SharedCounter:
    """Takes requests from the count in Redis."""

    def __init__(self, redis: RedisStore, limit: int, window: int) -> None:
        self._redis = redis
        self._limit = limit
        self._window = window

    @property
    def reached(self) -> bool:
        """Whether Redis answered when it was last asked."""
        return self._redis.configured and not self._redis.away

    async def take(self, key: str, want: float, need: float) -> Grant:
        """Take up to ``want`` requests, at least ``need`` or none.

        Raises:
            RedisAway: Redis does not answer.
        """
        reply = await self._redis.run_script(
            SCRIPT_SHA, SCRIPT, KEY_PREFIX + key, (self._limit, self._window, want, need)
        )
        return Grant(*(float(number) for number in reply))
