"""Disks: no file system is nearly full, by bytes or by inodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from deploys.controller import words
from deploys.controller.status.section import NOTHING, Cell, Finding, Judged, Section, Survey
from deploys.engine.combined import Wanted
from deploys.facts.mounts import Mount, Mounts
from deploys.settings.host import SiteHost
from deploys.settings.site import Site


def wanted(site: Site, host: SiteHost) -> Sequence[Wanted]:
    return [Wanted(Mounts, {})]


def judged(survey: Survey) -> Judged:
    values, findings, cells = {}, [], {}
    for name, (mounts,) in survey.readings["disks"].items():
        most = survey.site.host(name).own.maximum_disk_use
        values[name] = {mount.path: asdict(mount) | {"percent": round(mount.full, 1)} for mount in mounts}
        full = [mount for mount in mounts if mount.full > most]
        findings += [_full(name, mount, most) for mount in full]
        fullest = max(mounts, key=lambda mount: mount.full, default=None)
        cells[name] = Cell(f"{fullest.path} {fullest.full:.0f} %", bool(full)) if fullest else NOTHING
    return Judged(values, findings, cells)


def _full(host: str, mount: Mount, most: float) -> Finding:
    by_bytes = 100 * mount.used > most * (mount.used + mount.available)
    left = f"{words.size(mount.available)} left" if by_bytes else f"{mount.inodes - mount.inodes_used} inodes left"
    return Finding(
        host,
        f"{mount.path} is {mount.full:.0f} % full ({left}; maximum_disk_use is {most:g} %).",
        f"Find what takes it (du -xh --max-depth=2 {mount.path} | sort -h | tail) or make it larger.",
    )


SECTION = Section("disks", wanted, judged)
