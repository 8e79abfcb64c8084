"""What the gateway makes of what Redis and Sentinels answer, also where that is nothing that they should."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
import uvloop
from pydantic import SecretStr

from support.answers import Answering, array
from support.gateway import JWT_SECRET, NOWHERE
from tracseq_gateway.configuration.settings import Settings
from tracseq_gateway.infrastructure.redis import RedisAway, RedisStore

ONE = b":1\r\n"


class Answered:
    """A gateway's Redis, a server and three Sentinels, whose answers a test changes."""

    def __init__(self) -> None:
        self.named = lambda: array("127.0.0.1", str(self.server.port))
        self.role: Callable[[], bytes] = lambda: array("master", "0")
        self.exists: Callable[[], bytes] = lambda: ONE

    async def __aenter__(self) -> "Answered":
        self._stack = AsyncExitStack()
        self.server = await self._stack.enter_async_context(
            Answering(role=lambda: self.role(), exists=lambda: self.exists())
        )
        self.sentinels = [
            await self._stack.enter_async_context(Answering(sentinel=lambda: self.named())) for _ in range(3)
        ]
        addresses = tuple(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        self.store = RedisStore(
            Settings(
                database_url=SecretStr(NOWHERE),
                jwt_secret_key=SecretStr(JWT_SECRET),
                redis_sentinels=addresses,
                redis_timeout=1,
            )
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.store.stop()
        await self._stack.aclose()

    def times_asked(self) -> list[int]:
        """How often each Sentinel was asked for the master."""
        return [sentinel.asked.count("sentinel") for sentinel in self.sentinels]

    async def back(self) -> bool:
        """Whether it is no more away within some seconds."""
        for _ in range(100):
            if not self.store.away:
                return True
            await asyncio.sleep(0.05)
        return False


async def fails(store: RedisStore) -> None:
    """A call for which there is no Redis."""
    with pytest.raises(RedisAway):
        await store.exists("key")


def test_callers_that_come_together_ask_the_sentinels_once() -> None:
    async def run() -> None:
        async with Answered() as redis:
            assert await asyncio.gather(*(redis.store.exists("key") for _ in range(20))) == [1] * 20
            assert max(redis.times_asked()) == 1

    asyncio.run(run())


@pytest.mark.parametrize("wrong", [array("127.0.0.1", "none"), array("127.0.0.1"), ONE])
def test_sentinels_that_answer_nonsense_are_asked_again(wrong: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with Answered() as redis:
            right, redis.named = redis.named, lambda: wrong
            await fails(redis.store)
            await asyncio.sleep(1)
            assert redis.store.away
            redis.named = right
            assert await redis.back()
            assert await redis.store.exists("key") == 1

    asyncio.run(run())
    assert "was not understood" in caplog.text


def test_one_that_answers_nonsense_does_not_count(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with Answered() as redis:
            answers = iter([array("127.0.0.1", "none")])
            right = redis.named
            redis.named = lambda: next(answers, right())
            assert await redis.store.exists("key") == 1

    asyncio.run(run())
    assert "was not understood" in caplog.text


def test_a_server_that_answers_nonsense_is_looked_at_again(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with Answered() as redis:
            right, redis.role = redis.role, lambda: b"*0\r\n"
            redis.exists = lambda: b"-ERR not now\r\n"
            await fails(redis.store)
            await asyncio.sleep(1)
            assert redis.store.away
            redis.role, redis.exists = right, lambda: ONE
            assert await redis.back()
            assert await redis.store.exists("key") == 1

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    assert caplog.text.count("was not understood") == 1, "once, and not at each look"


def test_a_connection_that_broke_while_nobody_used_it_is_made_anew() -> None:
    async def run() -> None:
        async with Answered() as redis:
            assert await redis.store.exists("key") == 1
            redis.server.reset()
            await asyncio.sleep(0.1)
            assert await redis.store.exists("key") == 1
            assert not redis.store.away

    # The loop of a gateway: it raises an error of its own where a broken connection is written to.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
