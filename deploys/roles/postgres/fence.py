"""What keeps a former primary from taking writes after another host was promoted."""

from __future__ import annotations

from deploys.controller import files
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.facts.postgres.state import CLUSTER
from deploys.operations import role, service, system
from deploys.operations.file_set import File
from deploys.operations.postgres import shell
from deploys.operations.service import UNITS, Unit
from deploys.settings.site import Site

PROGRAM = "/usr/local/sbin/tracseq-fence"
PATH_UNIT, TIMER = "tracseq-fence.path", "tracseq-timeline.timer"


def needed(site: Site) -> bool:
    """Whether there is a host that could be promoted: a site of one Postgres host needs no fence."""
    return len(site.group("postgres")) > 1


def drop_in(version: int) -> str:
    """The path of what has the server's unit ask before it starts."""
    return f"{UNITS}/{shell.unit(version)}.d/tracseq-fence.conf"


def promoted(site: Site, version: int) -> str:
    """The command that a server runs when it is promoted, before its first write (recovery_end_command)."""
    return f"{PROGRAM} promoted {version}-{CLUSTER}" if needed(site) else ""


def left(version: int) -> tuple[str, ...]:
    """The paths of all that a host without a fence does not have."""
    return (
        drop_in(version),
        "/var/lib/tracseq/applied/fence",
        *(f"/var/lib/tracseq/applied/{unit}" for unit in (PATH_UNIT, TIMER)),
        *(f"{UNITS}/{unit}" for unit in (PATH_UNIT, TIMER, "tracseq-fence.service", "tracseq-timeline.service")),
        PROGRAM,
    )


def applied(run: Run) -> None:
    """Have the fence where a server could be promoted, before the server is touched; elsewhere have none."""
    version = run.topology.version
    if not needed(run.site):
        role.removed(name="No fence is needed", units=[PATH_UNIT, TIMER], paths=left(version))
        return
    cluster = f"{version}-{CLUSTER}"

    def unit(name: str) -> File:
        return File(f"{UNITS}/{name}", render(f"postgres/{name}.j2", cluster=cluster))

    system.configured(
        name="Server asks before it starts",
        key="fence",
        files=[
            File(PROGRAM, files.read("postgres/tracseq-fence"), mode="755"),
            File(drop_in(version), render("postgres/fence.conf.j2", cluster=cluster)),
        ],
        apply="systemctl daemon-reload",
    )
    service.configured(
        name="Server stops when another was promoted",
        unit=Unit(PATH_UNIT),
        files=[
            unit("tracseq-fence.service"),
            File(f"{UNITS}/{PATH_UNIT}", files.read(f"postgres/{PATH_UNIT}")),
        ],
    )
    service.configured(
        name="Server says that it is the primary",
        unit=Unit(TIMER),
        files=[unit("tracseq-timeline.service"), File(f"{UNITS}/{TIMER}", files.read(f"postgres/{TIMER}"))],
    )
