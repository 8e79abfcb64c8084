"""nginx with the pages of what this host measures, apart from any that serves users."""

from __future__ import annotations

from collections.abc import Iterator

from pyinfra.api import deploy

from deploys.controller import credentials, files, passwords
from deploys.controller.alerts import Monitoring
from deploys.controller.dashboards import page
from deploys.controller.run import Run
from deploys.controller.templates import render
from deploys.operations import nginx, role, service
from deploys.operations.file_set import File
from deploys.operations.service import UNITS, Unit
from deploys.roles.pages.declaration import DIRECTORY, NAME, PASSWORD, UNIT, Pages
from deploys.roles.pages.remove import remove
from deploys.settings.debian import RELEASES

PAGES = f"{DIRECTORY}/pages"
PROMETHEUS_PORT = 9090


def apply(run: Run) -> None:
    """Have pages, where they are to have a port."""
    if run.site.data(Pages).pages_port:
        serve(run=run)
    elif "pages" in run.machine.roles:
        remove(run=run)


@deploy("Pages")
def serve(run: Run) -> None:
    """Have nginx serve the pages, and what they ask of Prometheus."""
    if "load_balancers" not in run.host.groups:
        role.removed(name="Debian's own nginx does not run", units=["nginx.service"], paths=[])
    service.configured(
        name="nginx for the pages",
        unit=Unit(UNIT, reload="true"),
        files=[
            # It gets these when it starts, and can read none itself; the pages it reads for each request.
            File(f"{DIRECTORY}/nginx.conf", configuration(run), restart=True),
            File(f"{DIRECTORY}/passwords", password(run), mode="600", secret=True, restart=True),
            *credentials.files(run, f"{DIRECTORY}/server.crt"),
            File(f"{UNITS}/{UNIT}", render("pages/service.j2", name=NAME, directory=DIRECTORY), restart=True),
            File(page.RULES, page.as_rules()),
            *shown(run),
        ],
        purged=[PAGES],
        validate=f"{nginx.checked(f'{DIRECTORY}/nginx.conf')} && promtool check rules {page.RULES}",
    )


def configuration(run: Run) -> str:
    """nginx's configuration."""
    return render(
        "pages/nginx.conf.j2",
        pages=PAGES,
        environment=run.site.shared.environment,
        port=run.site.data(Pages).pages_port,
        prometheus=PROMETHEUS_PORT,
        http2_directive=RELEASES[run.machine.values["version"]].nginx_has_http2_directive,
    )


def password(run: Run) -> str:
    """Who may log in, with a hash of the password."""
    place = f"{run.site.shared.environment}/{run.host.name}"
    return passwords.line(run.site.data(Pages).pages_user, run.site.secret(PASSWORD), place)


def shown(run: Run) -> Iterator[File]:
    """The pages, and the list of what they show."""
    for name in files.names("pages"):
        yield File(f"{PAGES}/{name}", files.read(f"pages/{name}"))
    interval = run.host.data(Monitoring).scrape_interval
    yield File(f"{PAGES}/site.json", page.document(run.site, run.host.name, interval))
