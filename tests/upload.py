"""A large file that a user sends through the site, no faster than it is told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests import inventory
from tests.client import client

PIECE = bytes(256 * 1024)


class Upload:
    """How it went, once it has ended."""

    def __init__(self) -> None:
        self.answer = "it has not ended"
        """The status and the body of the answer, or why there was none."""


@contextmanager
def sending(
    path: str, headers: Mapping[str, str], size: int, seconds: float, of: str = inventory.PATH
) -> Iterator[Upload]:
    """
    Send a file while the block runs, and wait for its end afterwards.

    Args:
        path: where to
        headers: of the request, such as a token
        size: of the file, in bytes
        seconds: that it takes at least
        of: the inventory of the site
    """
    upload = Upload()

    def pieces() -> Iterator[bytes]:
        began = time.monotonic()
        for sent in range(0, size, len(PIECE)):
            time.sleep(max(0.0, began + seconds * sent / size - time.monotonic()))
            yield PIECE[: size - sent]

    def send() -> None:
        try:
            with client(of, timeout=120) as user:
                answer = user.post(path, content=pieces(), headers={**headers, "Content-Length": str(size)})
                upload.answer = f"{answer.status_code} {answer.text}"
        except Exception as error:
            upload.answer = repr(error)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield upload
    finally:
        thread.join()
