"""The lab's site with two hosts that watch over it, what its users do meanwhile, and what Prometheus says of it."""

from __future__ import annotations

import itertools
import json
import shlex
import socket
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests import lab, tokens
from tests.client import client
from tests.inventory import ssh_config
from tests.ledger import SERVICE

INVENTORY = "inventories/lab_monitoring.py"
WATCHERS = WATCHER, OTHER = "mon1", "mon2"
MAILS = "/run/mails"
RECEIVER = "tracseq-test-mail"
ANSWERS, ANSWERED = "tracseq-test-service", "/run/pages"
TENANTS = ("lab-7", "oncology")


@contextmanager
def watched_site() -> Iterator[None]:
    """The lab's site, watched over; afterwards it is the lab's site again, and nobody watches."""
    # The service that gateways ask; without it they would rightly complain; and whom alerts are sent to.
    lab.ssh(
        SERVICE,
        "DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet=2 install python3-aiosmtpd >/dev/null\n"
        # Those of an earlier process that was killed.
        f"systemctl stop {RECEIVER} {ANSWERS} 2>/dev/null; mkdir -p {ANSWERED}/runs\n"
        f"echo well > {ANSWERED}/health; echo done > {ANSWERED}/runs/17\n"
        f"systemd-run --quiet --collect --unit={ANSWERS} python3 -m http.server --directory {ANSWERED} 8081",
    )
    lab.ssh(
        SERVICE,
        f"rm -rf {MAILS}\n"
        f"systemd-run --quiet --collect --unit={RECEIVER} python3 -m aiosmtpd --nosetuid --listen 0.0.0.0:2525"
        f" --class aiosmtpd.handlers.Mailbox {MAILS}",
    )
    lab.up(*WATCHERS, inventory=INVENTORY)
    made = lab.site(inventory=INVENTORY)
    assert made.code == 0, made.output
    yield
    lab.ssh(SERVICE, f"systemctl stop {RECEIVER} {ANSWERS}; rm -rf {MAILS} {ANSWERED}", check=False)
    lab.destroy(*WATCHERS)
    gone = lab.site()
    assert gone.code == 0, gone.output
    assert lab.site().changes == {}
    for name in lab.names():
        assert lab.ssh(name, "systemctl is-active 'prometheus-*' mtail; true").split().count("active") == 0


_USERS = itertools.count(1)
"""Gateways let one user ask only so often."""


def load() -> None:
    """Some users of two tenants look at samples and at sequencing, through the load balancer."""
    with client(INVENTORY) as user:
        for tenant in TENANTS:
            token = tokens.token(sub=f"user {next(_USERS)} of {tenant}", tenant_id=tenant, roles=["technician"])
            headers = {"Authorization": f"Bearer {token}"}
            for path in ("/api/samples/health", "/api/sequencing/runs/17"):
                for _ in range(10):
                    assert user.get(path, headers=headers).status_code == 200, path


def asked(path: str, watcher: str = WATCHER, **parameters: str) -> Any:
    """What the Prometheus of a host answers."""
    query = urllib.parse.urlencode(parameters)
    url = shlex.quote(f"http://127.0.0.1:9090/api/v1/{path}?{query}")
    return json.loads(lab.ssh(watcher, f"curl -sS -m 20 {url}", inventory=INVENTORY))["data"]


def mails() -> list[str]:
    """The subjects of all mails that have arrived, in their order."""
    said = lab.ssh(SERVICE, f"grep -h '^Subject: ' $(ls -tr {MAILS}/new/* 2>/dev/null) /dev/null; true")
    return [line.removeprefix("Subject: ") for line in said.splitlines()]


def firing(watcher: str = WATCHER) -> set[str]:
    """The alerts that fire by the Prometheus of a host, but for the one that always does."""
    alerts = asked("alerts", watcher)["alerts"]
    return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"} - {"Watchdog"}


def forwarded(name: str, port: int, path: str) -> str:
    """What a port of a host's loopback answers to somebody who reaches it by ``ssh -L``; empty where nobody does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        here = free.getsockname()[1]
    # A connection of its own: one that is shared would ask the sshd of before the run.
    own = ["-F", str(ssh_config(INVENTORY)), "-o", "ControlPath=none", "-o", "ControlMaster=no"]
    tunnel = subprocess.Popen(
        ["ssh", *own, "-N", "-o", "ExitOnForwardFailure=yes", "-L", f"{here}:127.0.0.1:{port}", name],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        lab.eventually(lambda: socket.create_connection(("127.0.0.1", here), 1))
        return httpx.get(f"http://127.0.0.1:{here}{path}", timeout=10, follow_redirects=True).text
    except httpx.HTTPError:
        return ""
    finally:
        tunnel.terminate()
        tunnel.wait()
