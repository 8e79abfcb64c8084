"""The SSH server: keys only."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller import pages
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import ssh
from deploys.operations.file_set import File


@deploy("SSH")
def apply(run: Run) -> None:
    """Have the host let in nobody without a key, at the port that the site's data names."""
    own = run.host.own
    ssh.configured(
        name="Keys only",
        files=[
            File(
                # First by name, so that no other drop-in, such as cloud-init's, comes before it.
                "/etc/ssh/sshd_config.d/00-tracseq.conf",
                render(
                    "base/sshd.conf.j2",
                    port=own.ssh_port_of_hosts,
                    options=own.sshd_options,
                    permitted=permitted(run),
                ),
            )
        ],
        timeout=own.confirmation_timeout,
    )


def permitted(run: Run) -> list[str]:
    """To where a host forwards connections, as sshd_config(5) has it; nothing else may stand beside ``any``."""
    given = run.host.own.ssh_forwarding
    if "any" in given:
        return ["any"]
    own = [f"{name}:{page.port}" for page in pages.of_host(run.site, run.host) for name in pages.LOOPBACK]
    return sorted({*own, *given})
