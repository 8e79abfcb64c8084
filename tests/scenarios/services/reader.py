#!/usr/bin/python3
"""A service that keeps vectors in Chroma, as it finds that by its variables: /vectors says what is nearest."""

import http.server
import json
import os
import ssl
import urllib.error
import urllib.request

COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"
PAPERS = {"gel": [1.0, 0.0, 0.0], "blot": [0.0, 1.0, 0.0], "reads": [0.0, 0.1, 1.0]}


def asked(path: str, **body: object) -> object:
    context = ssl.create_default_context(cafile=os.environ["CHROMA_SERVICE_CA"])
    context.load_cert_chain(os.environ["CHROMA_SERVICE_CERTIFICATE"], os.environ["CHROMA_SERVICE_KEY"])
    request = urllib.request.Request(os.environ["CHROMA_SERVICE_URL"] + COLLECTIONS + path, json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})  # fmt: skip
    with urllib.request.urlopen(request, timeout=20, context=context) as answer:
        return json.load(answer)


def nearest() -> str:
    collection = asked("", name="papers", get_or_create=True)
    assert isinstance(collection, dict)
    place = f"/{collection['id']}"
    asked(f"{place}/upsert", ids=list(PAPERS), embeddings=list(PAPERS.values()))
    found = asked(f"{place}/query", query_embeddings=[[0.0, 0.0, 1.0]], n_results=1)
    assert isinstance(found, dict)
    return str(found["ids"][0][0])


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        said: dict[str, object] = {"user": os.getuid(), "variables": dict(os.environ)}
        if self.path == "/vectors":
            said["nearest"] = nearest()
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Answers).serve_forever()
