"""The log host: a front that knows each host by its certificate, and behind it a receiver and a journal for each."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import credentials, files, logs
from deploys.controller.logs import Logs, LogsOfAll
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.facts.restore import LIBRARY
from deploys.operations import nginx, role, service, system
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.log_host.declaration import DIRECTORY, FRONT, RECEIVERS
from deploys.roles.log_host.remove import PROGRAM, ROTATE_PROGRAM, SEARCH, SOCKETS, VACUUM, VACUUM_PROGRAM
from deploys.settings.units import written

CONFIGURATION = f"{DIRECTORY}/nginx.conf"


@deploy("Log host")
def apply(run: Run) -> None:
    """Have the journal of every host of the site received, kept for as long as there is room, and searched."""
    data, senders = run.host.data(Logs), [host.name for host in run.site.hosts]
    rotation = logs.rotation(data.logs_retention)
    if "load_balancers" not in run.host.groups:
        # Its package has it start with the host, and listen at port 80.
        role.removed(name="Debian's own nginx does not run", units=["nginx.service"], paths=[])
    service.configured(
        name="A receiver for each host",
        unit=Unit(RECEIVERS, reload=f"systemctl stop {RECEIVERS} && systemctl start {RECEIVERS}"),
        files=[
            File(f"{UNITS}/{RECEIVERS}", render(f"log_host/{RECEIVERS}.j2", senders=senders)),
            File(f"{UNITS}/tracseq-journal@.socket", render("log_host/tracseq-journal@.socket.j2", sockets=SOCKETS)),
            File(
                f"{UNITS}/tracseq-journal@.service",
                render(
                    "log_host/tracseq-journal@.service.j2",
                    directory=logs.KEPT,
                    rotate=ROTATE_PROGRAM,
                    rotation=rotation,
                ),
            ),
            File(ROTATE_PROGRAM, files.read("log_host/tracseq-logs-rotate"), mode="755"),
        ],
    )
    port = run.site.data(LogsOfAll).logs_port
    service.configured(
        name="One port before them",
        unit=Unit(f"{FRONT}.service"),
        files=[
            # It gets all of these when it starts, and can read none itself.
            File(f"{DIRECTORY}/authority.crt", run.authority.certificate, restart=True),
            *credentials.files(run, f"{DIRECTORY}/server.crt"),
            File(
                CONFIGURATION,
                render("log_host/nginx.conf.j2", senders=senders, sockets=SOCKETS, port=port),
                restart=True,
            ),
            File(
                f"{UNITS}/{FRONT}.service",
                render(f"log_host/{FRONT}.service.j2", name=FRONT, directory=DIRECTORY, receivers=RECEIVERS),
                restart=True,
            ),
        ],
        validate=nginx.checked(CONFIGURATION),
    )
    service.configured(
        name="What is too old or too much goes",
        unit=Unit(f"{VACUUM}.timer"),
        files=[
            File(VACUUM_PROGRAM, files.read("log_host/tracseq-logs-vacuum"), mode="755"),
            File(
                f"{UNITS}/{VACUUM}.service",
                render(
                    "log_host/tracseq-logs-vacuum.service.j2",
                    program=VACUUM_PROGRAM,
                    directory=logs.KEPT,
                    # journalctl's units are the same powers of 1024, and have no B.
                    size=written(data.logs_size).removesuffix("B").upper(),
                    seconds=round(data.logs_retention),
                    rotation=rotation,
                ),
            ),
            File(f"{UNITS}/{VACUUM}.timer", files.read("log_host/tracseq-logs-vacuum.timer"), restart=True),
        ],
    )
    system.configured(
        name="They are searched",
        key="logs",
        files=[
            File(PROGRAM, render("log_host/tracseq-logs.j2", library=LIBRARY, directory=logs.KEPT), mode="755"),
            *(
                File(f"{LIBRARY}/{SEARCH}/{name}", files.read(f"log_host/{SEARCH}/{name}"))
                for name in files.names(f"log_host/{SEARCH}")
                if name.endswith(".py")
            ),
        ],
    )
