"""The SSH server: keys only."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.templates import render
from deploys.operations import ssh
from deploys.operations.file_set import File
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


@deploy("SSH")
def apply(site: Site, host: SiteHost) -> None:
    """Have the host let in nobody without a key, at the port that the site's data names."""
    ssh.configured(
        name="Keys only",
        files=[
            File(
                # First by name, so that no other drop-in, such as cloud-init's, comes before it.
                "/etc/ssh/sshd_config.d/00-tracseq.conf",
                render(
                    "base/sshd.conf.j2",
                    port=host.all.ssh_port_of_hosts,
                    options=host.all.sshd_options,
                ),
            )
        ],
        patience=host.all.confirmation_timeout,
    )
