"""As much of WebSocket's frames as a gateway needs to put in its own (RFC 6455, 5)."""

from os import urandom

FINAL = 0x80
MASKED = 0x80
CLOSE, PING = 0x8, 0x9
GOING_AWAY = 1001
LENGTH_SIZES = {126: 2, 127: 8}


class FrameBorders:
    """Follows the bytes that go one way, and knows where a frame ends and another may begin.

    Attributes:
        closed: a close frame has begun; none may follow it (RFC 6455, 5.5.1).
    """

    __slots__ = ("_header", "_left", "closed")

    def __init__(self) -> None:
        self.closed = False
        self._header = b""
        self._left = 0

    @property
    def at_border(self) -> bool:
        """Whether a frame of our own may be put in here."""
        return not self._left and not self._header and not self.closed

    def follow(self, data: bytes) -> None:
        """Take note of bytes that are passed on."""
        position = self._left
        size = len(data)
        if position > size:
            self._left -= size
            return
        self._left = 0
        if self._header:
            data = self._header + data
            size = len(data)
            self._header = b""
        while position < size:
            border = self._end_of_header(data, position, size)
            if border is None:
                self._header = data[position:]
                return
            position = border + self._left
            self._left = max(0, position - size)

    def _end_of_header(self, data: bytes, position: int, size: int) -> int | None:
        """Read a frame's header, note the length of its payload, and return where that begins."""
        if size - position < 2:
            return None
        length = data[position + 1] & 0x7F
        end = position + 2
        length_size = LENGTH_SIZES.get(length, 0)
        border = end + length_size + (4 if data[position + 1] & MASKED else 0)
        if size < border:
            return None
        if data[position] & 0xF == CLOSE:
            self.closed = True
        self._left = int.from_bytes(data[end : end + length_size], "big") if length_size else length
        return border


def ping(*, masked: bool) -> bytes:
    """Return a ping without content; frames to a server are masked (RFC 6455, 5.3)."""
    return _control_frame(PING, b"", masked=masked)


def close(code: int, reason: bytes, *, masked: bool) -> bytes:
    """Return a close frame with one of the codes of RFC 6455, 7.4.1."""
    return _control_frame(CLOSE, code.to_bytes(2, "big") + reason, masked=masked)


def _control_frame(opcode: int, payload: bytes, *, masked: bool) -> bytes:
    if not masked:
        return bytes((FINAL | opcode, len(payload))) + payload
    key = urandom(4)
    hidden = bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
    return bytes((FINAL | opcode, MASKED | len(payload))) + key + hidden
