"""The kernel, tuned for a host's roles, and the limits on what its processes may open."""

from __future__ import annotations

from pyinfra.api import deploy

from deploys.operations import sysctl, system
from deploys.operations.file_set import File
from deploys.settings.host import SiteHost


@deploy("Kernel")
def apply(host: SiteHost) -> None:
    """Have the deployment guide's kernel settings, and those of each role of the host, in force."""
    values = dict(host.all.kernel_settings)
    if "postgres" in host.groups:
        values |= host.postgres.postgres_kernel_settings
    if "redis" in host.groups:
        values |= host.redis.redis_kernel_settings
    sysctl.settings(name="Kernel settings and modules", values=values, modules=host.all.kernel_modules)
    limit = host.all.open_files
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
