"""What is known of one request: all that the chain, the access log and the audit trail see of it."""

from time import monotonic

from tracseq_gateway.authentication.identity import Identity
from tracseq_gateway.downstream.request import Request
from tracseq_gateway.downstream.response import Response
from tracseq_gateway.proxy.client import UNKNOWN, Client
from tracseq_gateway.proxy.target import Target
from tracseq_gateway.proxy.trace import NO_TRACE
from tracseq_gateway.upstream.server import UpstreamServer
from tracseq_gateway.upstream.service import Service

CLIENT_CLOSED_REQUEST = 499


class RequestRecord:
    """One request on its way; every policy adds to it, and nothing in it leads back to the gateway.

    Attributes:
        peer: the address that the connection comes from, a load balancer's as a rule.
        headers: the request's fields, of those that come twice the last.
        request_id: the name of the request in every log.
        trace: the trace that it is a part of, and the gateway's part in it.
        client: where the request came from.
        target: where it is to go, by its path; None before that is known.
        path: the path below the service's address.
        identity: the caller, where known.
        service: the service it was let through to, None before.
        trial: its number where it is the breaker's trial, or else 0.
        fields: the field lines for the service, all but Host.
        answer_lines: field lines that the gateway adds to the answer.
        server: which of the service's servers was asked last.
        cause: one word for what went wrong, or empty.
        started_at: the monotonic clock at its begin; the loop's own clock counts milliseconds only.
        answered_at: the same clock at the answer's head, 0 before.
        client_left: the client closed the connection before the answer was whole.
    """

    __slots__ = (
        "answer_lines",
        "answered_at",
        "cause",
        "client",
        "client_left",
        "fields",
        "headers",
        "identity",
        "path",
        "peer",
        "request",
        "request_id",
        "response",
        "server",
        "service",
        "started_at",
        "target",
        "trace",
        "trial",
    )

    def __init__(self, request: Request, response: Response, peer: str) -> None:
        self.request = request
        self.response = response
        self.peer = peer
        self.headers: dict[bytes, bytes] = {}
        self.request_id = b""
        self.trace = NO_TRACE
        self.client: Client = UNKNOWN
        self.target: Target | None = None
        self.path = b""
        self.identity: Identity | None = None
        self.service: Service | None = None
        self.trial = 0
        self.fields = b""
        self.answer_lines = b""
        self.server: UpstreamServer | None = None
        self.cause = ""
        self.started_at = monotonic()
        self.answered_at = 0.0
        self.client_left = False

    @property
    def status(self) -> int:
        """What the client was answered; 499 where it left before."""
        if self.client_left and not self.response.complete:
            return CLIENT_CLOSED_REQUEST
        return self.response.status

    @property
    def server_label(self) -> str:
        """The name of the server that was asked last, or empty."""
        return "" if self.server is None else self.server.label
