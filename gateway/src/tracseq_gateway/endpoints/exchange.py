"""One request to an endpoint of the gateway's own."""

import asyncio
import logging

from tracseq_gateway.downstream.request import Request
from tracseq_gateway.downstream.response import Response
from tracseq_gateway.endpoints.table import ENDPOINTS, LOOPBACK_ONLY, Endpoint
from tracseq_gateway.endpoints.view import GatewayView
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.proxy.final_recipient import ALLOW_LINE
from tracseq_gateway.proxy.own_answers import send_answer, send_problem
from tracseq_gateway.proxy.trace import request_id_from, trace_from

log = logging.getLogger("tracseq_gateway")

METHODS = frozenset({b"GET", b"HEAD"})
LOOPBACK = ("127.", "::1")


class EndpointExchange:
    """Runs an endpoint for one request; the request's body is not looked at."""

    __slots__ = ("_is_local", "_request", "_request_id", "_response", "_task", "_trace_id", "_view")

    def __init__(self, view: GatewayView, request: Request, response: Response, peer: str) -> None:
        headers = dict(request.headers)
        # What a proxy on this host passes on comes from elsewhere.
        self._is_local = peer.startswith(LOOPBACK) and b"x-forwarded-for" not in headers
        self._view = view
        self._request = request
        self._response = response
        self._request_id = request_id_from(headers.get(b"x-request-id"))
        self._trace_id = trace_from(headers.get(b"traceparent")).trace_id
        self._task: asyncio.Task[None] | None = None
        request.discard_body = True

    def begin(self) -> None:
        """Start to work on the request."""
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        if self._request.target == b"*":
            # OPTIONS for the gateway as a whole (RFC 9110, 9.3.7).
            self._response.send_empty(204, b"x-request-id: %b\r\n%b" % (self._request_id, ALLOW_LINE))
            return
        try:
            answer = await self._endpoint()(self._view)
        except Problem as problem:
            self._send_problem(problem)
        except Exception:
            log.exception("An endpoint failed by an error of the gateway itself.")
            self._send_problem(Problem(500, "The gateway failed.", "internal"))
        else:
            send_answer(self._response, answer, self._request_id)

    def _send_problem(self, problem: Problem) -> None:
        send_problem(self._response, problem, self._request_id, self._trace_id)

    def _endpoint(self) -> Endpoint:
        path = self._request.path
        endpoint = ENDPOINTS.get(path)
        if endpoint is None or (path in LOOPBACK_ONLY and not self._is_local):
            raise Problem(404, "There is nothing at this path.", "route")
        if self._request.method not in METHODS:
            raise Problem(405, "The endpoint knows GET and HEAD.", "method", [(b"allow", b"GET, HEAD")])
        return endpoint

    def client_gone(self) -> None:
        """Stop working on the answer."""
        if self._task is not None:
            self._task.cancel()

    def client_writable(self, writable: bool) -> None:
        """Answers are small; there is nothing to hold back."""

    def check(self) -> None:
        """Whatever an endpoint waits for has a time limit of its own."""

    def body_refused(self, problem: Problem) -> None:
        """The body is not looked at, but nothing after it can be understood."""
        self.client_gone()
        self._response.connection.abort()
