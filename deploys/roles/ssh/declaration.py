"""Every host: an SSH server for those who administrate it."""

from __future__ import annotations

from deploys.settings.declaration import Declaration
from deploys.settings.rule import Rule

DECLARATION = Declaration(
    title="SSH",
    packages=("openssh-server",),
    units=("ssh.service",),
    rules=(Rule(source="administrators", destination="all", ports=("ssh_port_of_hosts",)),),
)
