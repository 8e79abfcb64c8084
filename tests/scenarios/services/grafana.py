#!/usr/bin/python3
"""What stands for Grafana, which no machine here can have: it reads what Grafana reads, where Grafana looks for it."""

import base64
import configparser
import http.server
import json
import pathlib
import ssl
import sys
import urllib.request

given = next(word.removeprefix("--config=") for word in sys.argv if word.startswith("--config="))
settings = configparser.ConfigParser(interpolation=None)
settings.read(given)


def value(section: str, key: str) -> str:
    text = settings[section][key]
    if text.startswith("$__file{"):
        return pathlib.Path(text.removeprefix("$__file{").removesuffix("}")).read_text().strip()
    return text


def of_yaml(directory: str, key: str) -> list[str]:
    files = pathlib.Path(value("paths", "provisioning"), directory).glob("*.yaml")
    lines = [line.strip() for file in files for line in file.read_text().splitlines()]
    return [line.removeprefix(f"{key}: ") for line in lines if line.startswith(f"{key}: ")]


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        login = f"{value('security', 'admin_user')}:{value('security', 'admin_password')}"
        expected = f"Basic {base64.b64encode(login.encode()).decode()}"
        if self.headers.get("Authorization") != expected:
            self.send_error(401)
            return
        if self.path == "/api/search":
            files = [file for path in of_yaml("dashboards", "path") for file in pathlib.Path(path).glob("*.json")]
            said = [json.loads(file.read_text())["title"] for file in files]
        else:
            [url] = of_yaml("datasources", "url")
            said = json.load(urllib.request.urlopen(f"{url}/api/v1/query?query=up", timeout=10))
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("", int(value("server", "http_port"))), Answers)
assert value("server", "protocol") == "https"
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(value("server", "cert_file"), value("server", "cert_key"))
server.socket = context.wrap_socket(server.socket, server_side=True)
pathlib.Path("/var/lib/grafana/grafana.db").touch()
server.serve_forever()
