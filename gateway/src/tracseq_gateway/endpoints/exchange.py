"""One request to an endpoint of the gateway's own."""

import asyncio
from typing import TYPE_CHECKING

from tracseq_gateway.downstream.request import Request
from tracseq_gateway.downstream.response import Response
from tracseq_gateway.endpoints.table import ENDPOINTS, Endpoint
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.proxy.final_recipient import ALLOW_LINE

if TYPE_CHECKING:
    from tracseq_gateway.gateway import Gateway

METHODS = frozenset({b"GET", b"HEAD"})


class EndpointExchange:
    """Runs an endpoint for one request; the request's body is not looked at."""

    def __init__(self, gateway: "Gateway", request: Request, response: Response, request_id: bytes) -> None:
        self.gateway = gateway
        self.request = request
        self.response = response
        self.request_id = request_id
        self._task: asyncio.Task[None] | None = None
        request.discard_body = True

    def begin(self) -> None:
        """Start to work on the request."""
        self._task = self.gateway.loop.create_task(self._run())

    async def _run(self) -> None:
        if self.request.target == b"*":
            # OPTIONS for the gateway as a whole (RFC 9110, 9.3.7).
            self.response.send_empty(204, b"x-request-id: %b\r\n%b" % (self.request_id, ALLOW_LINE))
            return
        try:
            answer = await self._endpoint()(self.gateway)
        except Problem as problem:
            self.gateway.answer_problem(self.response, problem, self.request_id)
            return
        except Exception:
            self.gateway.log.exception("An endpoint failed by an error of the gateway itself.")
            failure = Problem(500, "The gateway failed.", "internal")
            self.gateway.answer_problem(self.response, failure, self.request_id)
            return
        self.gateway.answer(self.response, answer, self.request_id)

    def _endpoint(self) -> Endpoint:
        endpoint = ENDPOINTS.get(self.request.path)
        if endpoint is None:
            raise Problem(404, "There is nothing at this path.", "route")
        if self.request.method not in METHODS:
            raise Problem(405, "The endpoint knows GET and HEAD.", "method", [(b"allow", b"GET, HEAD")])
        return endpoint

    def client_gone(self) -> None:
        """Stop working on the answer."""
        if self._task is not None:
            self._task.cancel()

    def client_writable(self, writable: bool) -> None:
        """Answers are small; there is nothing to hold back."""

    def body_refused(self, problem: Problem) -> None:
        """The body is not looked at, but nothing after it can be understood."""
        self.client_gone()
        self.response.connection.transport.abort()
