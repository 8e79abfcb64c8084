"""A WebSocket between a client and a service: passed through, watched, and ended in good order.

Neither end is believed to be there because the other one speaks. An end of which nothing has
come for half its time is sent a ping (RFC 6455, 5.5.2), and one that does not answer for the
other half is gone. The pong goes on to the other end, which takes no notice of it (5.5.3).
"""

from collections.abc import Callable
from typing import Protocol

from tracseq_gateway.http.fields import HeaderList
from tracseq_gateway.http.websocket import GOING_AWAY, FrameBorders, close, ping
from tracseq_gateway.upstream.failure import UpstreamFailure


class ClientEnd(Protocol):
    """The client's connection."""

    deadline: float

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def pause_reading(self) -> None:
        """Stop the client from sending."""

    def resume_reading(self) -> None:
        """Let the client send again."""

    def end_tunnel(self) -> None:
        """Send no more, and close."""


class ServiceEnd(Protocol):
    """The service's connection."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def pause_reading(self) -> None:
        """Stop the service from sending."""

    def resume_reading(self) -> None:
        """Let the service send again."""

    def close(self) -> None:
        """Send no more, and close."""


class _End:
    """What is known of one end.

    Attributes:
        timeout: seconds after which it is gone when nothing comes from it.
        heard_at: when the last bytes came from it, or it took what it had been sent.
        held: it is kept from sending, as the other end is slow, so that its silence says nothing.
        pinged_at: when it was last asked whether it is there.
        borders: of the frames that are sent to it.
    """

    __slots__ = ("borders", "heard_at", "held", "masked", "pinged_at", "timeout", "write")

    def __init__(self, write: Callable[[bytes], None], timeout: float, now: float, *, masked: bool) -> None:
        self.write = write
        self.timeout = timeout
        self.heard_at = now
        self.held = False
        self.pinged_at = float("-inf")
        self.borders = FrameBorders()
        self.masked = masked

    def send(self, data: bytes) -> None:
        self.borders.follow(data)
        self.write(data)

    def look_after(self, now: float) -> float | None:
        """Ping it where that is due; return when to look again, None where it is gone."""
        half = self.timeout / 2
        if self.held:
            self.heard_at = now
        if self.pinged_at > self.heard_at:
            gone_at = self.pinged_at + half
            return gone_at if now < gone_at else None
        if now < self.heard_at + half:
            return self.heard_at + half
        if not self.borders.at_border:
            return now + half / 4 if now < self.heard_at + self.timeout else None
        self.pinged_at = now
        self.write(ping(masked=self.masked))
        return now + half

    def say_goodbye(self) -> None:
        """Send a close frame where there can be one (RFC 6455, 5.5.1)."""
        if self.borders.at_border:
            self.borders.closed = True
            self.write(close(GOING_AWAY, b"", masked=self.masked))


class WebSocketTunnel:
    """Passes bytes both ways until one end closes, is gone, or the gateway stops.

    Args:
        client_timeout: seconds that may pass without anything from the client.
        service_timeout: the same for the service.
        ended: called once when the service's connection has ended.
    """

    def __init__(
        self,
        client: ClientEnd,
        service: ServiceEnd,
        clock: Callable[[], float],
        client_timeout: float,
        service_timeout: float,
        ended: Callable[[], None],
    ) -> None:
        now = clock()
        self._client_connection = client
        self._service_connection = service
        self._clock = clock
        self._client = _End(client.write, client_timeout, now, masked=False)
        self._service = _End(service.write, service_timeout, now, masked=True)
        self._ended = ended
        client.deadline = now + min(client_timeout, service_timeout) / 2

    # The client's side

    def from_client(self, data: bytes) -> None:
        """Pass on what the client sent."""
        self._client.heard_at = self._clock()
        self._service.send(data)

    def client_writable(self, writable: bool) -> None:
        """Make the service wait for a slow client."""
        self._client.heard_at = self._clock()
        self._service.held = not writable
        if writable:
            self._service_connection.resume_reading()
        else:
            self._service_connection.pause_reading()

    def client_gone(self) -> None:
        """End the service's side once everything is written."""
        self._service_connection.close()

    def look_after(self, now: float) -> None:
        """Ping whoever has been silent, and end it where somebody is gone; called at the deadline."""
        again = self._client.look_after(now), self._service.look_after(now)
        if again[0] is None or again[1] is None:
            self.end()
        else:
            self._client_connection.deadline = min(again[0], again[1])

    def end(self) -> None:
        """Tell both ends that the gateway goes away, and close."""
        self._client.say_goodbye()
        self._service.say_goodbye()
        self._client_connection.end_tunnel()
        self._service_connection.close()

    # The service's side, as the receiver of its connection

    def on_content(self, data: bytes) -> None:
        """Pass on what the service sent."""
        self._service.heard_at = self._clock()
        self._client.send(data)

    def on_end(self, trailers: HeaderList) -> None:
        """The service has closed."""
        self._client_connection.end_tunnel()
        self._ended()

    def on_failure(self, failure: UpstreamFailure, *, answered: bool) -> None:
        """The service's connection was given up."""
        self.on_end([])

    def upstream_writable(self, writable: bool) -> None:
        """Make the client wait for a slow service."""
        self._service.heard_at = self._clock()
        self._client.held = not writable
        if writable:
            self._client_connection.resume_reading()
        else:
            self._client_connection.pause_reading()

    def on_interim(self, status: int, reason: bytes, headers: HeaderList) -> None:
        """Not after the switch."""

    def on_response(self, status: int, reason: bytes, headers: HeaderList, *, bodiless: bool) -> None:
        """Not after the switch."""

    def on_switch(self, reason: bytes, headers: HeaderList, rest: bytes) -> None:
        """Not a second time."""

    def on_flush(self) -> None:
        """Nothing is kept back."""
