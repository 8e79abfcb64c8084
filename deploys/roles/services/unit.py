"""The files of one instance of a service."""

from __future__ import annotations

from deploys.controller.authority import Authority
from deploys.controller.services import environment, guards
from deploys.controller.services.artifacts import Artifact
from deploys.controller.services.names import Instance
from deploys.controller.templates import render
from deploys.operations.file_set import File
from deploys.operations.service import UNITS
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def files(site: Site, host: SiteHost, authority: Authority, instance: Instance, made: Artifact) -> list[File]:
    """
    The unit of an instance, what it reads, and the link to its release.

    Args:
        site: the site
        host: where it runs
        authority: the site's
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
    variables = environment.variables(site, instance, config)
    shown = guards.certificate(authority, instance.name, host) if guards.shows(site, instance.name) else None
    text = render(
        "services/service.j2",
        instance=instance,
        shows=shown is not None,
        service=service,
        command=words,
        root=root if config else None,
        directory=config.directory if config else f"/var/lib/{instance.user}",
        open_files=host.own.open_files,
    )
    found = [
        File(instance.environment, render("services/environment.j2", variables=variables), mode="600", secret=True,
             restart=True),
        File(f"{UNITS}/{instance.unit}", text, restart=True),
    ]  # fmt: skip
    if instance.socket:
        found.append(File(f"{UNITS}/{instance.socket}", render("services/socket.j2", instance=instance)))
    if shown:
        found.append(File(instance.certificate, shown.certificate, restart=True))
        found.append(File(instance.key, shown.key, mode="600", secret=True, restart=True))
    return [*found, File(instance.link, f"releases/{made.release}", restart=True, link=True)]
