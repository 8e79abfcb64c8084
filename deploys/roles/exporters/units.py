"""How an exporter is started: its command line, and what its unit lets it see."""

from __future__ import annotations

from typing import TypedDict

from deploys.controller import exporters
from deploys.roles.exporters.declaration import DIRECTORY
from deploys.settings.debian import Debian
from deploys.settings.host import SiteHost
from deploys.settings.site import Site

UNINTERESTING_UNITS = ".+[.](device|mount|scope|slice|target|automount|swap)"
UNINTERESTING_MOUNTS = "^/(dev|proc|run|sys)($$|/)"
"""In the line of a unit, where systemd takes a single dollar for a variable's."""

PROGRAMS = f"{DIRECTORY}/mtail"
"""What is counted of which lines."""
FIFO = "/run/mtail/nginx"
"""Through which lines of the journal get to who counts them."""


class Line(TypedDict):
    """The values of ``templates/exporters/exporter.conf.j2``."""

    command: str
    environment: list[str]
    credentials: list[tuple[str, str]]
    of_machine: bool
    only_loopback: bool
    fifo: str | None


def line(site: Site, host: SiteHost, program: str, debian: Debian) -> Line:
    """
    How one of a host's exporters is started.

    Args:
        site, host: whose
        program: its package, and the name of its program
        debian: what the host's release brings
    """
    (port,) = [module.port for module in exporters.of(site, host) if module.package == program]
    listens = f"--web.listen-address=127.0.0.1:{port}"
    if program == exporters.NODE:
        return _line(
            f"/usr/bin/{program} {listens} --collector.systemd --collector.systemd.enable-restarts-metrics"
            f" --collector.systemd.unit-exclude='{UNINTERESTING_UNITS}'"
            f" --collector.filesystem.mount-points-exclude='{UNINTERESTING_MOUNTS}'"
            # Whose the load balancers' address is.
            " --collector.netdev.address-info"
            f" --collector.textfile.directory='{exporters.TEXTFILES}'",
            of_machine=True,
        )
    if program == exporters.POSTGRES:
        return _line(
            f"/usr/bin/{program} {listens} --disable-default-metrics --disable-settings-metrics"
            f" --extend.query-path={DIRECTORY}/postgres.yml"
            + "".join(f" --no-collector.{name}" for name in debian.postgres_collectors),
            [
                f"DATA_SOURCE_URI=:{site.shared.postgres_port}/postgres?host=/run/postgresql&sslmode=disable",
                "DATA_SOURCE_USER=monitoring",
                "DATA_SOURCE_PASS_FILE=%d/password",
            ],
            [("password", f"{DIRECTORY}/postgres.password")],
        )
    if program == exporters.MTAIL:
        counts = f"/usr/bin/{program} --address=127.0.0.1 --port={port} --progs={PROGRAMS} --logs={FIFO}"
        # Without --merge it shows nothing to whoever sees another /proc than the host (ProtectProc=); a log host has
        # lines of others, too.
        lines = "journalctl --follow --lines=0 --merge --output=cat --quiet _MACHINE_ID=%m SYSLOG_IDENTIFIER=nginx"
        return _line(
            # mtail's versions read no standard input alike. Where one of the two ends, so does the other.
            f"/bin/bash -c '{counts} --emit_prog_label=false --logtostderr & {lines} >{FIFO} & wait -n; exit 1'",
            fifo=FIFO,
        )
    return _line(
        f"/usr/bin/{program} -web.listen-address=127.0.0.1:{port}"
        f" -redis.addr=redis://127.0.0.1:{site.shared.redis_port}"
        " -redis.password-file=${CREDENTIALS_DIRECTORY}/passwords",
        credentials=[("passwords", f"{DIRECTORY}/redis.json")],
    )


def front(site: Site, host: SiteHost) -> Line:
    """
    How the one port is opened before a host's exporters.

    Of the clients whose certificates the site's authority has signed only the monitoring hosts get in, and to those
    the load balancers, which notice when they fall silent.
    """
    clients = {one.name for one in site.group("monitoring")}
    if host.name in clients:
        clients |= {one.name for one in site.group("load_balancers")}
    names = "|".join(sorted(clients))
    port = site.shared.metrics_port
    return _line(
        "/usr/bin/prometheus-exporter-exporter -web.listen-address="
        f" -web.tls.listen-address=:{port} -web.tls.verify -web.tls.certmatch='^({names})$$'"
        f" -web.tls.ca={DIRECTORY}/authority.crt -web.tls.cert={DIRECTORY}/server.crt"
        f" -web.tls.key=${{CREDENTIALS_DIRECTORY}}/key -config.file={DIRECTORY}/modules.yml",
        credentials=[("key", f"{DIRECTORY}/server.key")],
        only_loopback=False,
    )


def _line(
    command: str,
    environment: list[str] | None = None,
    credentials: list[tuple[str, str]] | None = None,
    of_machine: bool = False,
    only_loopback: bool = True,
    fifo: str | None = None,
) -> Line:
    return Line(
        command=command,
        environment=environment or [],
        credentials=credentials or [],
        of_machine=of_machine,
        only_loopback=only_loopback,
        fifo=fifo,
    )
