"""Why an upstream gave no whole answer."""

from enum import Enum

FAILING_STATUSES = frozenset({502, 503, 504})
"""Answers by which a service, or what stands before it, says that it cannot work now."""


class UpstreamFailure(Enum):
    """A failure; the value is the word used in metrics and logs."""

    CONNECT = "connect"
    CONNECT_TIMEOUT = "connect-timeout"
    CLOSED = "closed"
    RESPONSE_TIMEOUT = "response-timeout"
    MALFORMED = "malformed"
    OVERLOADED = "overloaded"

    @property
    def status(self) -> int:
        """The answer a client gets: 504 for what took too long, 502 or 503 for the rest."""
        if self in (UpstreamFailure.CONNECT_TIMEOUT, UpstreamFailure.RESPONSE_TIMEOUT):
            return 504
        return 503 if self is UpstreamFailure.OVERLOADED else 502

    @property
    def sentence(self) -> str:
        """What a client is told."""
        return _SENTENCES[self]


_SENTENCES = {
    UpstreamFailure.CONNECT: "The service cannot be reached.",
    UpstreamFailure.CONNECT_TIMEOUT: "The service did not accept a connection in time.",
    UpstreamFailure.CLOSED: "The service closed the connection before its answer was whole.",
    UpstreamFailure.RESPONSE_TIMEOUT: "The service did not answer in time.",
    UpstreamFailure.MALFORMED: "The service's answer is not valid HTTP/1.1.",
    UpstreamFailure.OVERLOADED: "The service has no free connection.",
}


class UpstreamError(Exception):
    """A request could not be brought to an upstream."""

    def __init__(self, failure: UpstreamFailure) -> None:
        super().__init__(failure.sentence)
        self.failure = failure
