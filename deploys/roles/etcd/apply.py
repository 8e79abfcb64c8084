"""etcd: a member on each of its hosts, that talks by TLS with the others and with Patroni only."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import credentials, etcd
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.facts.etcd import CREDENTIALS
from deploys.operations import etcd as member
from deploys.operations import service, system
from deploys.operations.file_set import File
from deploys.operations.rolling import Rolling
from deploys.operations.service import UNITS, Unit
from deploys.roles.etcd.declaration import Etcd

DIRECTORY = "/etc/tmpfiles.d/tracseq-etcd.conf"


@deploy("etcd")
def apply(run: Run) -> None:
    """Have a member of etcd that is with a majority."""
    site, host = run.site, run.host
    directory = host.data(Etcd).etcd_directory
    members = site.group("etcd")
    system.configured(
        name="Where its data is",
        key="etcd-directory",
        files=[File(DIRECTORY, f"d {directory} 0700 etcd etcd -\n")],
        apply=f"systemd-tmpfiles --create {DIRECTORY}",
    )
    system.configured(
        name="Certificate of the member",
        key="etcd-credentials",
        files=[
            File(f"{CREDENTIALS}/authority.crt", run.authority.certificate),
            # It reads these anew for each connection.
            *credentials.files(run, f"{CREDENTIALS}/member.crt"),
        ],
    )
    member.replaced(
        name="A machine that lost its data is a new member",
        directory=directory,
        endpoint=etcd.endpoint(site, host),
        others=[etcd.endpoint(site, other) for other in members if other != host],
        host_name=host.name,
        peer=etcd.peer(site, host),
    )
    service.configured(
        name="Member",
        # It says that it is ready once it is with a majority: the members wait for each other.
        unit=Unit("etcd.service", start="systemctl --no-block start etcd.service"),
        files=[
            File(
                "/etc/default/etcd",
                render(
                    "etcd/etcd.j2",
                    name=host.name,
                    directory=directory,
                    client=etcd.endpoint(site, host),
                    peer=etcd.peer(site, host),
                    members=[f"{other.name}={etcd.peer(site, other)}" for other in members],
                    environment=site.shared.environment,
                    credentials=CREDENTIALS,
                ),
                restart=True,
            ),
            File(
                f"{UNITS}/etcd.service.d/tracseq.conf",
                render("etcd/tracseq.conf.j2", directory=directory),
                restart=True,
            ),
        ],
        rolling=Rolling("etcd"),
    )
    member.joined(name="It is with a majority", directory=directory, endpoint=etcd.endpoint(site, host))
