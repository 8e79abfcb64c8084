"""Who asks for the certificate of the public name, as a user of its own; nginx is given what came by another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyinfra.api import deploy
from pyinfra.api.exceptions import PyinfraError

from deploys.controller import acme, files
from deploys.controller.acme import CERTIFICATE, SECRET, TLS, UNIT, Acme
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import packages, service, system
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.acme.remove import DIRECTORY, PROGRAM, USERS

PUBLIC = "/etc/ssl/certs/ca-certificates.crt"
"""The authorities that Debian knows."""
AUTHORITY = f"{DIRECTORY}/authority.crt"
TURN = 75
"""Seconds that a record needs to be set, seen and taken away: an update takes away that of another load balancer."""


@deploy("ACME")
def apply(run: Run) -> None:
    """Have a timer that asks for a certificate in time, and ask at once where there is none."""
    data = run.site.data(Acme)
    updates = data.acme_challenge == "dns-01"
    packages.installed(name="Its client", packages=["lego"], bundle=run.packages)
    system.configured(
        name="Who asks",
        key="acme-user",
        files=[File(USERS, f'u {UNIT} - "Asks for the certificate of the public name"\n')],
        apply=f"systemd-sysusers {USERS}",
    )
    # It is not waited for: a run goes on where the authority does not answer.
    begin = f"systemctl restart {UNIT}.timer && systemctl start --no-block {UNIT}.service"
    service.configured(
        name="It asks for a certificate",
        unit=Unit(f"{UNIT}.timer", start=begin, restart=begin, reload=begin),
        files=[
            *settings(run, data),
            File(PROGRAM, files.read("acme/tracseq_acme.py")),
            File(
                f"{UNITS}/{UNIT}.service",
                render(
                    "acme/tracseq-acme.service.j2", unit=UNIT, program=PROGRAM, directory=DIRECTORY, updates=updates
                ),
            ),
            File(
                f"{UNITS}/{UNIT}-shown.service",
                render("acme/tracseq-acme-shown.service.j2", shown=acme.shown(run.site), tls=TLS),
            ),
            File(f"{UNITS}/{UNIT}.timer", files.read("acme/tracseq-acme.timer"), restart=True),
        ],
        absent=[
            *([] if updates else [f"{DIRECTORY}/secret"]),
            *([] if data.acme_authority_file else [AUTHORITY]),
        ],
    )


def settings(run: Run, data: Acme) -> Iterator[File]:
    """What is asked, of whom, and how it proves the name."""
    own: dict[str, Any] = {
        "name": run.site.shared.domain,
        "directory": data.acme_directory,
        "authority": AUTHORITY if data.acme_authority_file else PUBLIC,
        "contact": data.acme_contact,
        "shown": CERTIFICATE,
        "updates": {},
        "waits": 0,
    }
    if data.acme_challenge == "dns-01":
        own["waits"] = TURN * run.site.group(acme.GROUP).index(run.host)
        own["updates"] = {
            "RFC2136_NAMESERVER": data.acme_dns_server,
            "RFC2136_TSIG_KEY": data.acme_dns_key,
            "RFC2136_TSIG_ALGORITHM": f"{data.acme_dns_algorithm}.",
        }
        yield File(f"{DIRECTORY}/secret", run.site.secret(SECRET), mode="600", secret=True)
    if data.acme_authority_file:
        yield File(AUTHORITY, read(data.acme_authority_file))
    yield File(f"{DIRECTORY}/settings.json", json.dumps(own, indent=1) + "\n")


def read(path: str) -> str:
    """The certificate of who signed that of an ACME server."""
    try:
        return Path(path).read_text()
    except OSError as error:
        raise PyinfraError(
            f"acme_authority_file (in group_data/all.py) names a file of this machine that cannot be read: {error}. "
            "No host was touched."
        ) from error
