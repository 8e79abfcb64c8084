"""A host's journal is sent to the log host line by line; the journal itself is what waits while that is away."""

from __future__ import annotations

from collections.abc import Iterator

from pyinfra.api import deploy

from deploys.controller import credentials as own
from deploys.controller import files, logs
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import packages, service
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.journal.declaration import NAME, WATCH
from deploys.roles.journal.remove import PROGRAM, remove

SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def apply(run: Run) -> None:
    """Have a host send its journal, where the site has a place for it."""
    if found := logs.destination(run.site):
        send(run=run, place=found[0], url=found[1])
    elif "journal" in run.machine.roles:
        remove(run=run)


@deploy("Journal")
def send(run: Run, place: str, url: str) -> None:
    """Have a service that sends the journal, and a timer that says how far it is."""
    state = f"{place}.state"
    packages.installed(name="Package", packages=["systemd-journal-remote"], bundle=run.packages)
    service.configured(
        name="It is sent",
        unit=Unit(f"{NAME}.service"),
        files=[
            *credentials(run),
            File(
                f"{UNITS}/{NAME}.service",
                render(
                    "journal/tracseq-journal-upload.service.j2",
                    name=NAME,
                    url=url,
                    state=state,
                    directory=logs.CREDENTIALS,
                    # Whose authority another place has, the host's own list says.
                    trust="%d/authority.crt" if logs.keeper(run.site) else SYSTEM_AUTHORITIES,
                ),
                restart=True,
            ),
        ],
    )
    service.configured(
        name="How far it is",
        unit=Unit(f"{WATCH}.timer"),
        files=[
            File(PROGRAM, files.read("journal/tracseq-journal-sent"), mode="755"),
            File(
                f"{UNITS}/{WATCH}.service",
                render("journal/tracseq-journal-sent.service.j2", program=PROGRAM, upload=NAME, state=state),
            ),
            File(f"{UNITS}/{WATCH}.timer", files.read("journal/tracseq-journal-sent.timer"), restart=True),
        ],
    )


def credentials(run: Run) -> Iterator[File]:
    """What a host shows the log host, and knows it by; it is read when the service starts."""
    yield File(f"{logs.CREDENTIALS}/authority.crt", run.authority.certificate, restart=True)
    yield from own.files(run, f"{logs.CREDENTIALS}/client.crt")
