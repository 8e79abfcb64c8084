"""Which of several Redis servers is the master: what most of their Sentinels say."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import RedisError

from tracseq_gateway.infrastructure.redis_encryption import RedisEncryption

log = logging.getLogger(__name__)

Address = tuple[str, int]


class Sentinels:
    """Asks all Sentinels at once, so that one that is gone holds up nobody.

    Args:
        addresses: of all Sentinels.
        master: what they call the servers.
        password: of the Sentinels, None where they want none.
        timeout: seconds within which a Sentinel answers.
        encryption: how connections to them are made.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        master: str,
        password: str | None,
        timeout: float,
        encryption: RedisEncryption,
    ) -> None:
        self._addresses = addresses
        self._master = master
        self._password = password
        self._timeout = timeout
        self._encryption = encryption

    async def master(self) -> Address:
        """Return the master's address.

        One Sentinel alone may be cut off with a master that was replaced long ago.

        Raises:
            NotConnected: no majority of all Sentinels names the same.
        """
        asked = [asyncio.create_task(self._named_by(address)) for address in self._addresses]
        votes: Counter[Address] = Counter()
        try:
            for answer in asyncio.as_completed(asked):
                named = await answer
                if named is None:
                    continue
                votes[named] += 1
                if votes[named] * 2 > len(self._addresses):
                    return named
        finally:
            for task in asked:
                task.cancel()
        raise NotConnected("No majority of Sentinels names a master.")

    async def _named_by(self, address: Address) -> Address | None:
        sentinel = Redis(
            host=address[0],
            port=address[1],
            password=self._password,
            socket_timeout=self._timeout,
            socket_connect_timeout=self._timeout,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
            **self._encryption.of_client,
        )
        try:
            async with asyncio.timeout(self._timeout):
                named = await sentinel.execute_command(  # type: ignore[no-untyped-call]
                    "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._master
                )
            return (str(named[0]), int(named[1])) if named else None
        except (RedisError, OSError, TimeoutError):
            return None
        except (ValueError, LookupError, TypeError) as error:
            log.error("What the Sentinel at %s, port %d, answered was not understood: %r", *address, error)
            return None
        finally:
            await sentinel.aclose()
