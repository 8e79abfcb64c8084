#!/usr/bin/python3
"""A service that knows nothing of this project: it says which version it is, and what it was told."""

import http.server
import json
import os
import pathlib
import socket
import sys

VERSION, STATUS, STARTS = "1", 200, True

if not STARTS:
    print("no licence for this laboratory")
    sys.exit(1)


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status = STATUS if self.path == "/health" else 200
        state = pathlib.Path(os.environ["STATE_DIRECTORY"], "asked")
        state.write_text(self.path)
        said = {"version": VERSION, "variables": dict(os.environ), "user": os.getuid(), "port": int(os.environ["PORT"])}
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET


class Server(http.server.ThreadingHTTPServer):
    def server_bind(self) -> None:
        if os.environ.get("LISTEN_FDS") == "1":
            self.socket.close()
            self.socket = socket.socket(fileno=3)
            self.server_name, self.server_port = "stranger", int(os.environ["PORT"])
        else:
            super().server_bind()


print(f"version {VERSION} begins")
Server(("0.0.0.0", int(os.environ["PORT"])), Answers).serve_forever()
