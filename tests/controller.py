"""
What the gateway's own tests need on this machine: the programs of Postgres and Redis, not their services.

    pyinfra -y @local tests/controller.py
"""

from deploys.operations import packages
from deploys.settings import lab

packages.installed(
    name="Programs for the gateway's tests on this machine",
    packages=["postgresql", "redis-server"],
    # The tests start servers of their own; nothing that is installed for them is to run for itself.
    withheld=[
        "mkdir -p /etc/postgresql-common/createcluster.d /etc/systemd/system",
        "echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/tests.conf",
        "[ -e /lib/systemd/system/redis-server.service ] || ln -sf /dev/null /etc/systemd/system/redis-server.service",
    ],
    _sudo=lab.needs_sudo(),
)
