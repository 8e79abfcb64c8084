"""
A service of the platform that keeps numbers in Postgres, and answers when they are committed.

    DATABASE_URL=postgresql://… python3 ledger.py 8081

A POST whose body is a number keeps it, once, however often it is tried: where Postgres is away, the
service tries on until it is back, for as long as anybody waits. A GET lists all numbers. Other paths
than /ledger are those of streams.py.
"""

import os
import queue
import sys
import time
from http.server import ThreadingHTTPServer

import psycopg2  # type: ignore[import-untyped]
from streams import Streams  # type: ignore[import-not-found]

PATIENCE = 30
"""Seconds that a number is tried for."""
CONNECTIONS = 16
KEEP = "insert into ledger (number) values (%s) on conflict do nothing"

idle: "queue.Queue[psycopg2.extensions.connection | None]" = queue.Queue()
for _ in range(CONNECTIONS):
    idle.put(None)


def keep(number: int) -> None:
    """Keep a number; it is committed when this returns."""
    connection = idle.get()
    try:
        if connection is None or connection.closed:
            connection = psycopg2.connect(os.environ["DATABASE_URL"])
        with connection, connection.cursor() as cursor:
            cursor.execute(KEEP, (number,))
    except psycopg2.Error:
        if connection is not None:
            connection.close()
        raise
    finally:
        idle.put(connection)


class Ledger(Streams):  # type: ignore[misc]
    def do_POST(self) -> None:
        if self.path != "/ledger":
            super().do_POST()
            return
        number = int(self.rfile.read(int(self.headers["Content-Length"])))
        end = time.monotonic() + PATIENCE
        status = 503
        while time.monotonic() < end:
            try:
                keep(number)
            except psycopg2.Error:
                time.sleep(0.02)
            else:
                status = 201
                break
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        if self.path != "/ledger":
            super().do_GET()
            return
        with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
            cursor.execute("select number from ledger")
            body = "".join(f"{number}\n" for (number,) in cursor).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Ledger).serve_forever()
