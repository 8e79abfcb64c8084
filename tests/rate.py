"""
How long requests take at a fixed rate through the lab's load balancer and its gateways, to a service and back.

    make bench-site        1,000 requests a second, for ten seconds, from 1,000 users

A request counts from the moment it was due, so that one that had to wait for another is not flattered.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from tests import lab
from tests.client import base, context
from tests.tokens import token

SERVICE, PORT = "outsider1", 8081
CONNECTIONS = 64
USERS = 1000
NGINX = """
server { listen 8081; access_log off; location / { default_type application/json; return 200 '{"sample": 7}'; } }
"""


def serve() -> None:
    """Have a service of the platform, outside of the site, that answers at once."""
    lab.ssh(
        SERVICE,
        "command -v nginx >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -yqq nginx >/dev/null\n"
        f"cat > /etc/nginx/conf.d/service.conf <<'EOF'{NGINX}EOF\n"
        "systemctl restart nginx",
    )


def serve_no_more() -> None:
    """Have no such service there, for others to listen where it does."""
    lab.ssh(SERVICE, "rm -f /etc/nginx/conf.d/service.conf; systemctl stop nginx")


async def load(rate: int, seconds: int) -> tuple[list[float], int]:
    """Milliseconds that each request took, shortest first, and how many failed."""
    url, headers = base(lab.INVENTORY)
    address = url.removeprefix("https://")
    heads = [
        f"GET /api/samples/7 HTTP/1.1\r\nHost: {headers['Host']}\r\n"
        f"Authorization: Bearer {token(sub=f'user-{number}')}\r\n\r\n"
        for number in range(USERS)
    ]
    begin = time.monotonic() + 0.5
    due = enumerate(begin + number / rate for number in range(rate * seconds))
    took: list[float] = []
    failed = 0

    async def user() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(
            address, 443, ssl=context(lab.INVENTORY), server_hostname=headers["Host"]
        )
        for number, moment in due:
            await asyncio.sleep(moment - time.monotonic())
            writer.write(heads[number % USERS].encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            fields = answer.lower()
            if b"content-length: " in fields:
                await reader.readexactly(int(fields.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            took.append((time.monotonic() - moment) * 1000)
            failed += not answer.startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*(user() for _ in range(CONNECTIONS)))
    return sorted(took), failed


def main() -> int:
    """Load the site and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1000, help="requests a second")
    parser.add_argument("--seconds", type=int, default=10)
    arguments = parser.parse_args()
    serve()
    took, failed = asyncio.run(load(arguments.rate, arguments.seconds))
    middle, high = took[len(took) // 2], took[len(took) * 99 // 100]
    print(
        f"{len(took)} requests at {arguments.rate} a second: p50 {middle:.1f} ms, p99 {high:.1f} ms, "
        f"longest {took[-1]:.1f} ms, {failed} failed"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
