"""Whoever asked a service and takes the answer."""

from typing import Protocol

from tracseq_gateway.http.fields import HeaderList
from tracseq_gateway.upstream.failure import UpstreamFailure


class Receiver(Protocol):
    """Takes the parts of one answer; called in their order."""

    def on_interim(self, status: int, reason: bytes, headers: HeaderList) -> None:
        """A 1xx answer came (RFC 9110, 15.2)."""

    def on_response(self, status: int, reason: bytes, headers: HeaderList, *, bodiless: bool) -> None:
        """The final answer's head came."""

    def on_content(self, data: bytes) -> None:
        """A piece of content came."""

    def on_end(self, trailers: HeaderList) -> None:
        """The answer is whole."""

    def on_switch(self, reason: bytes, headers: HeaderList, rest: bytes) -> None:
        """The upstream has changed the protocol; ``rest`` is the first of what follows."""

    def on_failure(self, failure: UpstreamFailure, *, answered: bool) -> None:
        """There will be no whole answer; ``answered`` tells whether any byte of one came."""

    def on_flush(self) -> None:
        """Everything that came at once has been handed over."""

    def upstream_writable(self, writable: bool) -> None:
        """The upstream takes more of the request's body, or no more for now."""
