"""Puts the parts of the gateway together and holds what they share."""

import asyncio
import logging
import ssl

from tracseq_gateway.configuration.settings import Settings
from tracseq_gateway.downstream.connection import DownstreamConnection, Handler
from tracseq_gateway.downstream.request import Request
from tracseq_gateway.downstream.response import Response
from tracseq_gateway.endpoints.answer import Answer
from tracseq_gateway.endpoints.exchange import EndpointExchange
from tracseq_gateway.http.fields import HeaderList
from tracseq_gateway.http.problem import Problem
from tracseq_gateway.infrastructure.database import Database
from tracseq_gateway.infrastructure.redis import RedisStore
from tracseq_gateway.proxy.client import ClientResolver
from tracseq_gateway.proxy.exchange import Exchange
from tracseq_gateway.proxy.request_fields import common_fields
from tracseq_gateway.proxy.response_fields import SECURITY_HEADERS
from tracseq_gateway.proxy.target import API_PREFIX, find_target
from tracseq_gateway.proxy.trace import request_id_from, traceparent_from
from tracseq_gateway.upstream.pool import ConnectionPool
from tracseq_gateway.upstream.server import UpstreamServer
from tracseq_gateway.upstream.service import Service

SWEEP_SECONDS = 0.5


class Gateway:
    """One process's gateway.

    Attributes:
        downstreams: every open connection of a client.
        services: the configured services by name.
    """

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop) -> None:
        self.settings = settings
        self.loop = loop
        self.log = logging.getLogger("tracseq_gateway")
        self.downstreams: set[DownstreamConnection] = set()
        self.database = Database(settings)
        self.redis = RedisStore(settings)
        self.services = self._make_services()
        self._clients = ClientResolver(settings.trusted_proxies)
        self._readiness = "starting"
        self._sweeper: asyncio.Task[None] | None = None

    def _make_services(self) -> dict[str, Service]:
        tls = ssl.create_default_context(cafile=self.settings.upstream_ca_file)
        return {
            name: Service(
                name,
                [
                    UpstreamServer(
                        address,
                        ConnectionPool(address, self.settings, self.loop, tls if address.secure else None),
                    )
                    for address in addresses
                ],
            )
            for name, addresses in self.settings.services.items()
        }

    # Life

    @property
    def readiness(self) -> str:
        """``starting``, ``ready`` or ``draining``."""
        return self._readiness

    async def start(self) -> None:
        """Begin to work; what the gateway depends on may still be away."""
        self.database.start()
        self._sweeper = asyncio.create_task(self._sweep())
        self._readiness = "ready"

    def drain(self) -> None:
        """Tell load balancers to send no more requests."""
        self._readiness = "draining"

    async def stop(self) -> None:
        """End the work; requests in flight have ended before."""
        self.drain()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self.downstreams):
            connection.transport.abort()
        for service in self.services.values():
            for server in service.servers:
                server.pool.close()
        await self.redis.stop()
        await self.database.stop()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = self.loop.time()
            for connection in list(self.downstreams):
                if connection.deadline < now:
                    connection.expire()
            for service in self.services.values():
                for server in service.servers:
                    server.pool.sweep(now)

    # Requests

    def begin(self, connection: DownstreamConnection, request: Request, response: Response) -> Handler:
        """Start to answer a request."""
        handler: Exchange | EndpointExchange
        if request.path.startswith(API_PREFIX):
            handler = Exchange(self, connection, request, response)
        else:
            handler = EndpointExchange(self, request, response, request_id_from(None))
        handler.begin()
        return handler

    async def chain(self, exchange: Exchange) -> None:
        """Take a request through everything that stands before its service.

        Raises:
            Problem: the request is not let through, or the service does not answer.
        """
        request = exchange.request
        headers = dict(request.headers)
        exchange.request_id = request_id_from(headers.get(b"x-request-id"))
        client = self._clients.resolve(exchange.connection.peer[0], request.headers)
        target = find_target(request.path)
        service = self.services.get(target.service)
        if service is None:
            raise Problem(404, "The service is not configured.", "route")
        traceparent = traceparent_from(headers.get(b"traceparent"))
        fields = common_fields(request, client, target, exchange.request_id, traceparent, b"")
        await exchange.forward(service, target, fields, b"x-request-id: %b\r\n" % exchange.request_id)

    def account(self, exchange: Exchange) -> None:
        """Note a request that has ended."""

    # Answers of the gateway's own

    def answer(self, response: Response, answer: Answer, request_id: bytes) -> None:
        """Send an endpoint's answer."""
        headers: HeaderList = [
            (b"content-type", answer.content_type),
            (b"cache-control", b"no-store"),
            (b"x-request-id", request_id),
            *SECURITY_HEADERS.items(),
        ]
        response.send_whole(answer.status, headers, answer.body)

    def answer_problem(self, response: Response, problem: Problem, request_id: bytes, lines: bytes = b"") -> None:
        """Send a problem as the answer."""
        headers: HeaderList = [
            (b"content-type", b"application/problem+json"),
            (b"cache-control", b"no-store"),
            (b"x-request-id", request_id),
            *SECURITY_HEADERS.items(),
            *problem.headers,
        ]
        response.send_whole(problem.status, headers, problem.body(request_id.decode()))

    def refuse(self, response: Response, problem: Problem) -> None:
        """Answer something that could not be understood as a request."""
        self.answer_problem(response, problem, request_id_from(None))
