"""Every host: a name, packages, the time, a journal, and what it needs of the network."""

from __future__ import annotations

from deploys.settings.declaration import Declaration
from deploys.settings.rule import Rule

DECLARATION = Declaration(
    title="Base",
    packages=("ca-certificates", "chrony", "curl", "openssh-server", "unattended-upgrades"),
    units=("chrony.service", "systemd-journald.service", "unattended-upgrades.service"),
    certificates=("/etc/tracseq/authority.crt",),
    rules=(
        Rule(source="all", destination="all", ports=(123,), protocol="udp"),  # time, from the site's first host
        Rule(source="all", destination="anywhere", ports=(53,), protocol="udp"),  # names
        Rule(source="all", destination="anywhere", ports=(53,)),
        Rule(source="all", destination="anywhere", ports=(67, 547), protocol="udp"),  # DHCP renewals
        Rule(source="all", destination="anywhere", ports=(123,), protocol="udp"),
        Rule(source="all", destination="anywhere", ports=(80, 443)),  # Debian's packages
    ),
)
