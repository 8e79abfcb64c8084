"""Answers that the gateway gives by itself."""

from tracseq_gateway.downstream.response import Response
from tracseq_gateway.endpoints.answer import Answer
from tracseq_gateway.http.fields import HeaderList
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.proxy.response_fields import SECURITY_HEADERS

NO_STORE = (b"cache-control", b"no-store")


class Answered(Exception):
    """A request that needs no service, and is answered without content.

    Attributes:
        lines: field lines of the answer.
    """

    def __init__(self, lines: bytes) -> None:
        super().__init__()
        self.lines = lines


def send_answer(response: Response, answer: Answer, request_id: bytes) -> None:
    """Send an endpoint's answer."""
    headers: HeaderList = [
        (b"content-type", answer.content_type),
        NO_STORE,
        (b"x-request-id", request_id),
        *SECURITY_HEADERS.items(),
    ]
    response.send_whole(answer.status, headers, answer.body)


def send_problem(response: Response, problem: Problem, request_id: bytes, trace_id: bytes, lines: bytes = b"") -> None:
    """Send a problem as the answer; ``lines`` hold the request's identifier where there are any."""
    headers: HeaderList = [
        (b"content-type", b"application/problem+json"),
        NO_STORE,
        *SECURITY_HEADERS.items(),
        *problem.headers,
    ]
    if not lines:
        headers.append((b"x-request-id", request_id))
    response.send_whole(problem.status, headers, problem.body(request_id.decode(), trace_id.decode()), lines)
