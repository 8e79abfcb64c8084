"""What every host has before it has a role: a name, packages, the time, a journal, a closed door."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.authority import AUTHORITY_FILE
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import packages, service, system
from deploys.operations.file_set import File
from deploys.operations.service import Unit
from deploys.settings import declarations


@deploy("Base")
def apply(run: Run) -> None:
    """Have a host known by its name, up to date, on time, and trusting the site's own authority."""
    site, host = run.site, run.host
    data = host.own
    system.configured(
        name="Names and users",
        key="base",
        files=[
            File("/etc/hostname", f"{host.name}\n"),
            File(AUTHORITY_FILE, run.authority.certificate),
            File("/etc/hosts", render("base/hosts.j2", hosts=site.hosts)),
            File(
                "/etc/sysusers.d/tracseq.conf",
                render("base/sysusers.conf.j2", user=site.shared.platform_user),
            ),
            *(
                File(path, content)
                for role in declarations.of_host(host.groups).values()
                for path, content in role.preseeds.items()
            ),
        ],
        apply="hostname --file /etc/hostname && systemd-sysusers /etc/sysusers.d/tracseq.conf",
    )
    packages.installed(name="Packages", packages=declarations.packages_of(site, host), bundle=run.packages)
    service.configured(
        name="Security updates",
        unit=Unit("unattended-upgrades.service"),
        files=[
            File(
                "/etc/apt/apt.conf.d/60tracseq",
                render(
                    "base/unattended-upgrades.j2",
                    reboot=data.automatic_reboot,
                    reboot_time=data.automatic_reboot_time,
                ),
            )
        ],
    )
    follows = data.time_servers or (site.hosts[0].address,)
    leads = not data.time_servers and host == site.hosts[0]
    service.configured(
        name="Time",
        unit=Unit("chrony.service"),
        files=[
            File(
                "/etc/chrony/chrony.conf",
                render(
                    "base/chrony.conf.j2",
                    servers=() if leads else follows,
                    serves=leads,
                    allowed=[address for peer in site.hosts for address in peer.addresses],
                ),
            )
        ],
    )
    service.configured(
        name="Journal",
        unit=Unit("systemd-journald.service"),
        files=[
            File(
                "/etc/systemd/journald.conf.d/tracseq.conf",
                render(
                    "base/journald.conf.j2",
                    size=data.journal_size,
                    retention=int(data.journal_retention),
                ),
            )
        ],
    )
