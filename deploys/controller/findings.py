"""What would stop a deploy, in what was read of the machines."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import pairwise

from deploys.controller.offline import places
from deploys.facts.machine import MachineState
from deploys.facts.postgres.state import ServerState
from deploys.settings import declarations, ports
from deploys.settings.debian import RELEASES
from deploys.settings.host import SiteHost
from deploys.settings.site import Site
from deploys.settings.units import written

IN, OUT = "input", "output"
"""How the names of ufw's chains end: who may connect to the host, and to whom the host may."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    host: str
    what: str
    found: str
    wanted: str
    stops: bool = True
    """Whether a deploy cannot go on with it; else it is advice."""


def of_machines(site: Site, found: Mapping[str, MachineState], out: Collection[str] = ()) -> Iterator[Finding]:
    """
    What would stop a deploy.

    Args:
        site: the site
        found: the machines of the run
        out: hosts that nobody needs to reach, as those that are out for maintenance
    """
    clocks = sorted(machine.number("clock") for machine in found.values())
    middle = clocks[len(clocks) // 2] if clocks else 0.0
    for name, machine in found.items():
        host = site.host(name)
        yield from _system(host, machine)
        yield from _size(host, machine)
        yield from _packages(site, host, machine)
        skew = abs(machine.number("clock") - middle)
        if skew > host.own.maximum_clock_skew:
            allowed = host.own.maximum_clock_skew
            yield Finding(name, "clock", f"{skew:.1f} s off the others", f"at most {allowed:g} s")
        yield from _ports(site, host, machine)
        yield from _obstacles(site, host, machine)
        yield from _reach(site, host, found, out)
        yield from _way(site, host, machine)


def of_servers(found: Mapping[str, ServerState]) -> Iterator[Finding]:
    """What the Postgres servers of a site wait for until somebody lets them restart."""
    for name, server in found.items():
        answer = server.cluster.answer if server.cluster else None
        if answer and answer.pending:
            settings = ", ".join(answer.pending)
            yield Finding(name, settings, "waits for a restart", "deploys/site.py --data restart=true", stops=False)


def _system(host: SiteHost, machine: MachineState) -> Iterator[Finding]:
    system = f"{machine.values.get('system', 'unknown')} {machine.values.get('version', '')}".strip()
    if system not in {f"debian {version}" for version in RELEASES}:
        yield Finding(host.name, "system", system, "debian " + " or ".join(RELEASES))
    if machine.values.get("sudo") != "yes":
        yield Finding(host.name, "sudo", "asks for a password, or forbids", "sudo without a password")
    start, allowed = machine.number("shell_start") / 1e6, host.own.maximum_shell_start
    if start > allowed:
        yield Finding(
            host.name,
            "login shell",
            f"{start * 1000:.0f} ms of CPU to start (its .bashrc?)",
            f"at most {allowed * 1000:.0f} ms: it is paid on every execution",
            stops=False,
        )


def _size(host: SiteHost, machine: MachineState) -> Iterator[Finding]:
    if machine.number("cpus") < host.own.minimum_cpus:
        cpus = machine.values.get("cpus", "unknown")
        yield Finding(host.name, "CPUs", cpus, f"at least {host.own.minimum_cpus}")
    for what, minimum in (
        ("memory", host.own.minimum_memory),
        ("disk", host.own.minimum_disk),
        ("disk_free", host.own.minimum_disk_free),
    ):
        size = machine.number(what)
        if size < minimum:
            label = what.replace("_", " ")
            yield Finding(host.name, label, f"{size / 1024**3:.1f} GB", f"at least {written(minimum)}")


def _packages(site: Site, host: SiteHost, machine: MachineState) -> Iterator[Finding]:
    """A host without a mirror, for which this machine has not all packages."""
    directory = places.packages_of(host, machine.values.get("version", ""))
    if directory is None:
        return
    known = places.names(directory)
    missing = [name for name in declarations.packages_of(site, host) if name not in known]
    if missing:
        what = f"no {', '.join(missing)}" if known else "none"
        yield Finding(host.name, f"packages in {directory}", what, "make unbundle FILE=…, of a bundle made with DEBS=…")


def _ports(site: Site, host: SiteHost, machine: MachineState) -> Iterator[Finding]:
    for listener in declarations.listeners(site, host):
        if listener.asked_by and not site.group(listener.asked_by):
            continue
        port = host.value(listener.port) if isinstance(listener.port, str) else listener.port
        holder = machine.listeners.get(int(str(port))) if port is not None else None
        if holder is None or holder.startswith(listener.programs):
            continue
        if listener.unit is None or machine.units.get(int(str(port))) != listener.unit:
            wanted = listener.unit or listener.programs[0]
            yield Finding(host.name, f"port {port}", f"held by {holder}", f"free, or {wanted}'s")


def _obstacles(site: Site, host: SiteHost, machine: MachineState) -> Iterator[Finding]:
    """What about a machine keeps one of its roles from it."""
    for role in declarations.of_host(host.groups).values():
        for what, found, wanted in role.obstacles(site, host, machine) if role.obstacles else ():
            yield Finding(host.name, what, found, wanted)


def peers(site: Site, host: SiteHost, out: Collection[str] = ()) -> Iterator[tuple[SiteHost, str, int]]:
    """Whom a host must reach, by the rules between the site's own groups."""
    for rule in site.rules:
        if rule.protocol != "tcp" or rule.action != "allow" or rule.source not in host.groups:
            continue
        for peer in site.group(rule.destination):
            if peer != host and peer.name not in out:
                for port in ports.numbers(rule, peer):
                    yield peer, peer.address, port


def _reach(site: Site, host: SiteHost, found: Mapping[str, MachineState], out: Collection[str]) -> Iterator[Finding]:
    for peer, address, port in peers(site, host, out):
        answer = found[host.name].reached.get((address, port), "not tried")
        if answer in ("open", "refused"):
            continue
        # A firewall of ours that does not know the two yet is about to: it is no finding.
        theirs = found.get(peer.name, MachineState())
        if _forbids(found[host.name], OUT, address, port) or _forbids(theirs, IN, host.address, port):
            continue
        yield Finding(host.name, f"reach {peer.name}", f"{address}:{port} {answer}", "reachable")


def _way(site: Site, host: SiteHost, machine: MachineState) -> Iterator[Finding]:
    """A host that is reached through another, which is about to forward nobody any more."""
    through = [one for one in site.hosts if machine.values.get("origin") in one.addresses and one != host]
    for jump in through:
        port = str(host.own.ssh_port_of_hosts)
        if not any(given == "any" or given.endswith((f":{port}", ":*")) for given in jump.own.ssh_forwarding):
            yield Finding(
                host.name,
                f"reached through {jump.name}",
                "which would forward nobody there",
                f'ssh_forwarding = ["*:{port}"] for {jump.name}, or no way through it',
            )


def _forbids(machine: MachineState, way: str, address: str, port: int) -> bool:
    """Whether a firewall that is in force has no rule for this peer and port, in this way."""
    if not machine.firewall:
        return False
    for rule in machine.rules:
        words = rule.split()
        options = dict(pairwise(words))
        if options.get("--dport") != str(port) or not words[0].endswith(way):
            continue
        network = options.get("-s" if way == IN else "-d")
        if network is None or ip_address(address) in ip_network(network):
            return False
    return True


def table(findings: list[Finding]) -> str:
    rows = [("host", "what", "found", "wanted")]
    rows += [(one.host, one.what, one.found, one.wanted) for one in findings]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(f"    {line.rstrip()}" for line in lines)
