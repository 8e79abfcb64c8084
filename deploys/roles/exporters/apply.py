"""The exporters of a host, and the one port at which monitoring hosts read them."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api import deploy

from deploys.controller import credentials, exporters, files
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import packages, role, service
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.exporters import units
from deploys.roles.exporters.declaration import COLLECTORS, DIRECTORY, FRONT
from deploys.roles.exporters.remove import CERTIFICATES, LINK, PROGRAM, SPECIAL, UPDATES, of, remove
from deploys.settings import declarations
from deploys.settings.debian import RELEASES

COLLECTED = "/var/lib/prometheus/node-exporter"
QUERIES = f"{DIRECTORY}/postgres.yml"


def apply(run: Run) -> None:
    """Have a host tell of itself, where the site has hosts that ask."""
    if run.site.group("monitoring"):
        tell(run=run)
    elif "exporters" in run.machine.roles:
        remove(run=run)


@deploy("Exporters")
def tell(run: Run) -> None:
    """Have an exporter for each thing that this host has, and one port before them."""
    own = tuple(exporters.of(run.site, run.host))
    debian = RELEASES[run.machine.values["version"]]
    programs = [module.package for module in own if module.package]
    packages.installed(name="Packages", packages=[*programs, COLLECTORS, FRONT], bundle=run.packages)
    role.removed(
        name="What is no longer to be told of",
        units=[f"{program}.service" for program in SPECIAL if program not in programs],
        paths=[path for program in SPECIAL if program not in programs for path in of(program)],
    )
    for program in programs:
        service.configured(
            name=program.removeprefix("prometheus-"),
            unit=Unit(f"{program}.service"),
            files=[drop_in(program, units.line(run.site, run.host, program, debian)), *read_by(run, program)],
        )
    paths = sorted(declarations.certificates(run.site, run.host))
    service.configured(
        name="When certificates end",
        unit=Unit(f"{CERTIFICATES}.timer"),
        files=[
            File(PROGRAM, files.read("exporters/tracseq-certificates"), mode="755"),
            File(
                f"{UNITS}/{CERTIFICATES}.service",
                render("exporters/tracseq-certificates.service.j2", program=PROGRAM, paths=paths),
            ),
            File(f"{UNITS}/{CERTIFICATES}.timer", files.read("exporters/tracseq-certificates.timer"), restart=True),
        ],
    )
    service.configured(
        name="Which updates wait",
        unit=Unit(UPDATES),
        files=[File(LINK, COLLECTED, link=True)],
    )
    service.configured(
        name="One port before them",
        unit=Unit(f"{FRONT}.service"),
        files=[
            # It reads these when it starts, and no certificate of a client before.
            File(f"{DIRECTORY}/authority.crt", run.authority.certificate, restart=True),
            *credentials.files(run, f"{DIRECTORY}/server.crt"),
            File(f"{DIRECTORY}/modules.yml", render("exporters/exporter-exporter.yml.j2", modules=own), restart=True),
            drop_in(FRONT, units.front(run.site, run.host)),
        ],
    )


def drop_in(program: str, line: units.Line) -> File:
    """The drop-in of an exporter's unit."""
    return File(f"{UNITS}/{program}.service.d/tracseq.conf", render("exporters/exporter.conf.j2", **line), restart=True)


def read_by(run: Run, program: str) -> Sequence[File]:
    """What else an exporter reads."""
    if program == exporters.POSTGRES:
        password = run.site.secret("POSTGRES_MONITORING_PASSWORD")
        return (
            File(QUERIES, files.read("exporters/postgres.yml"), restart=True),
            File(f"{DIRECTORY}/postgres.password", password, mode="600", secret=True, restart=True),
        )
    if program == exporters.MTAIL:
        return (File(f"{units.PROGRAMS}/nginx.mtail", files.read("exporters/nginx.mtail"), restart=True),)
    if program == exporters.REDIS:
        servers = [f"redis://127.0.0.1:{run.site.shared.redis_port}"]
        servers += [exporters.sentinel(run.site)] if "sentinels" in run.host.groups else []
        passwords = render("exporters/redis.json.j2", servers=servers, password=run.site.secret("REDIS_PASSWORD"))
        return (File(f"{DIRECTORY}/redis.json", passwords, mode="600", secret=True, restart=True),)
    return ()
