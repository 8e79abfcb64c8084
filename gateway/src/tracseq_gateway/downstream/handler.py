"""Who takes what comes over a client's connection."""

from typing import Protocol

from tracseq_gateway.http.problem import Problem


class Tunnel(Protocol):
    """What takes a connection's bytes once it no longer speaks HTTP."""

    def from_client(self, data: bytes) -> None:
        """Take what the client sent."""

    def client_writable(self, writable: bool) -> None:
        """The client takes more, or no more for now."""

    def client_gone(self) -> None:
        """The client closed the connection."""

    def look_after(self, now: float) -> None:
        """The connection's deadline has passed."""

    def end(self) -> None:
        """The gateway stops."""


class Handler(Protocol):
    """Whoever answers the current request of a connection."""

    def begin(self) -> None:
        """Start to work on the request."""

    def client_gone(self) -> None:
        """The client closed the connection."""

    def client_writable(self, writable: bool) -> None:
        """The client takes more of the answer, or no more for now."""

    def check(self) -> None:
        """Nothing has moved for a while: make sure that something still can."""

    def body_refused(self, problem: Problem) -> None:
        """The rest of the request's body is not valid or not allowed."""
