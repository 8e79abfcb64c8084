"""Grafana with the site's Prometheus and dashboards, from the first start."""

from __future__ import annotations

from collections.abc import Iterator

from pyinfra.api import deploy

from deploys.controller import credentials, files
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.facts.package_file import stamp
from deploys.operations import package_file, packages, service
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.grafana.declaration import DIRECTORY, PACKAGE, PASSWORD, UNIT, Grafana, PackageFile
from deploys.roles.grafana.remove import remove

MADE = "monitoring/dashboards"
"""Where `make dashboards` writes them."""
PROVISIONED, DASHBOARDS = f"{DIRECTORY}/provisioning", f"{DIRECTORY}/dashboards"
CREDENTIALS = f"/run/credentials/{UNIT}"


def apply(run: Run) -> None:
    """Have Grafana, where it is to have a port."""
    if run.site.data(Grafana).grafana_port:
        serve(run=run)
    elif "grafana" in run.machine.roles:
        remove(run=run)


@deploy("Grafana")
def serve(run: Run) -> None:
    """Have Grafana serve the dashboards of the site, to whoever knows the password."""
    package = run.site.data(Grafana).grafana_package
    if isinstance(package, PackageFile):
        package_file.installed(name="Its package", package=PACKAGE, file=package.file, sha256=package.sha256)
    else:
        packages.installed(name="Its package", packages=[PACKAGE], bundle=run.packages)
    service.configured(
        name="Grafana",
        # It looks for other dashboards by itself.
        unit=Unit(UNIT, reload="true"),
        files=[*configuration(run), *shown()],
        purged=[DASHBOARDS],
        # Another version of its package does not restart it.
        also_read=[stamp(PACKAGE)],
    )


def configuration(run: Run) -> Iterator[File]:
    """What it reads when it starts; its secrets come to it from systemd."""
    text = render(
        "grafana/grafana.ini.j2",
        domain=run.host.name,
        port=run.site.data(Grafana).grafana_port,
        user=run.host.value("pages_user"),
        provisioning=PROVISIONED,
        credentials=CREDENTIALS,
    )
    yield File(f"{DIRECTORY}/grafana.ini", text, restart=True)
    yield File(f"{DIRECTORY}/environment", f"CONF_FILE={DIRECTORY}/grafana.ini\n", restart=True)
    yield File(f"{DIRECTORY}/password", run.site.secret(PASSWORD), mode="600", secret=True, restart=True)
    yield from credentials.files(run, f"{DIRECTORY}/server.crt")
    yield File(f"{PROVISIONED}/datasources/tracseq.yaml", render("grafana/datasources.yaml.j2"), restart=True)
    yield File(
        f"{PROVISIONED}/dashboards/tracseq.yaml",
        render("grafana/dashboards.yaml.j2", directory=DASHBOARDS),
        restart=True,
    )
    yield File(f"{UNITS}/{UNIT}.d/tracseq.conf", render("grafana/service.conf.j2", directory=DIRECTORY), restart=True)


def shown() -> Iterator[File]:
    """The dashboards."""
    for name in files.names(MADE):
        yield File(f"{DASHBOARDS}/{name}", files.read(f"{MADE}/{name}"))
