"""
What the gateway's own tests need on this machine: the programs of Postgres, Redis and nginx, not their services.

    pyinfra -y @local tests/controller.py

+ benchmarks: with --data benchmarks=true, what its benchmarks need too
+ browser: with --data browser=true, what looks at the site's pages
"""

from pyinfra import host

from deploys.operations import packages
from deploys.settings import lab

packages.installed(
    name="Programs for the gateway's tests on this machine",
    packages=["postgresql", "redis-server", "nginx-light"],
    # The tests start servers of their own; nothing that is installed for them is to run for itself.
    withheld=[
        "mkdir -p /etc/postgresql-common/createcluster.d /etc/systemd/system",
        "echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/tests.conf",
        "[ -e /lib/systemd/system/redis-server.service ] || ln -sf /dev/null /etc/systemd/system/redis-server.service",
        "[ -e /lib/systemd/system/nginx.service ] || ln -sf /dev/null /etc/systemd/system/nginx.service",
    ],
    _sudo=lab.needs_sudo(),
)

if host.data.get("benchmarks"):
    packages.installed(
        name="Programs for the gateway's benchmarks on this machine",
        packages=["wrk"],
        _sudo=lab.needs_sudo(),
    )

if host.data.get("browser"):
    packages.installed(
        name="A browser for the tests of pages",
        packages=["chromium", "chromium-driver", "fonts-dejavu-core"],
        _sudo=lab.needs_sudo(),
    )
