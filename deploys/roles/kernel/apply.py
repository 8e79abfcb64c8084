"""The kernel, tuned for a host's roles, and the limits on what its processes may open."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.controller.run import Run
from deploys.operations import sysctl, system
from deploys.operations.file_set import File
from deploys.settings import declarations


@deploy("Kernel")
def apply(run: Run) -> None:
    """Have the deployment guide's kernel settings, and those of each role of the host, in force."""
    host = run.host
    values = dict(host.own.kernel_settings)
    for role in declarations.of_host(host.groups).values():
        if role.model and role.kernel_settings:
            values |= getattr(host.data(role.model), role.kernel_settings)
    sysctl.settings(name="Kernel settings and modules", values=values, modules=host.own.kernel_modules)
    limit = host.own.open_files
    system.configured(
        name="Limits of open files",
        key="limits",
        files=[
            File(
                "/etc/security/limits.d/60-tracseq.conf",
                f"* soft nofile {limit}\n* hard nofile {limit}\n",
            ),
            File(
                "/etc/systemd/system.conf.d/60-tracseq.conf",
                f"[Manager]\nDefaultLimitNOFILE={limit}\n",
            ),
        ],
        apply="systemctl daemon-reexec",
    )
