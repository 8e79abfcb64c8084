"""Patroni: what it needs on a host before it gets the server; its configuration is the server's (roles/postgres)."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import credentials, patroni
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.facts.patroni import CREDENTIALS
from deploys.operations import system
from deploys.operations.file_set import File
from deploys.operations.service import UNITS

TEMPORARY = "/etc/tmpfiles.d/tracseq-patroni.conf"


@deploy("Patroni")
def apply(run: Run) -> None:
    """Have what shows etcd and the other members who it is, and a unit in which no server outlives it."""
    system.configured(
        name="Who it is to the others, and its unit",
        key="patroni",
        files=[
            File(f"{CREDENTIALS}/authority.crt", run.authority.certificate),
            *credentials.files(run, f"{CREDENTIALS}/client.crt"),
            File(TEMPORARY, f"d {patroni.DIRECTORY} 0700 postgres postgres -\n"),
            File(f"{UNITS}/{patroni.UNIT}.d/tracseq.conf", render("patroni/tracseq.conf.j2")),
        ],
        apply=f"systemd-tmpfiles --create {TEMPORARY} && systemctl daemon-reload",
    )
