"""The files of one instance of a service."""

from __future__ import annotations

from deploys.controller import credentials
from deploys.controller.run import Run
from deploys.controller.services import environment, guards
from deploys.controller.services.artifacts import Artifact
from deploys.controller.services.names import Instance
from deploys.controller.templates import render
from deploys.operations.file_set import File
from deploys.operations.service import UNITS


def files(run: Run, instance: Instance, made: Artifact) -> list[File]:
    """
    The unit of an instance, what it reads, and the link to its release.

    Args:
        run: the run, at the host where it runs
        instance: it
        made: the release that it runs
    """
    service, config = instance.service, made.config
    # Not by the link: systemd 252 cannot make a root read-only that it reaches by one.
    root = f"{instance.directory}/releases/{made.release}/tree" if config else f"{instance.link}/tree"
    words = [environment.placed(word, instance) for word in (service.command or (config.command if config else ()))]
    if not config:
        program, *arguments = words or [service.source.file.rpartition("/")[2] if service.source else ""]
        words = [f"{root}/{program.lstrip('/')}", *arguments]
    variables = environment.variables(run.site, instance, config)
    shows = guards.shows(run.site, instance.name)
    text = render(
        "services/service.j2",
        instance=instance,
        shows=shows,
        service=service,
        command=words,
        root=root if config else None,
        directory=config.directory if config else f"/var/lib/{instance.user}",
        open_files=run.host.own.open_files,
    )
    found = [
        File(instance.environment, render("services/environment.j2", variables=variables), mode="600", secret=True,
             restart=True),
        File(f"{UNITS}/{instance.unit}", text, restart=True),
    ]  # fmt: skip
    if instance.socket:
        found.append(File(f"{UNITS}/{instance.socket}", render("services/socket.j2", instance=instance)))
    if shows:
        found.extend(credentials.files(run, instance.certificate))
    return [*found, File(instance.link, f"releases/{made.release}", restart=True, link=True)]
