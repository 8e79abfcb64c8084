"""Whether a host is kept up: its clock, the reboot that it waits for, the updates that it has not installed."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase

REBOOT_REQUIRED = "/run/reboot-required"
"""Debian's packages make it when what they brought needs a reboot."""
STAMP = "/var/lib/apt/periodic/unattended-upgrades-stamp"
"""Touched whenever unattended-upgrades has run (apt.systemd.daily)."""


@dataclass(frozen=True)
class Update:
    """A package of which the security archive has another version than the host."""

    package: str
    installed: str
    offered: str


@dataclass(frozen=True)
class UpkeepState:
    """What was read of a host."""

    synchronised: bool | None = None
    """None where the host's own clock is not its to set, as in a container."""
    offset: float | None = None
    """Seconds that the clock is off."""
    source: str | None = None
    """What the clock follows."""
    reboot_required: bool = False
    reboot_for: tuple[str, ...] = ()
    """The packages that ask for the reboot."""
    updates: tuple[Update, ...] = ()
    """Other versions of the security archive, newer or not."""
    list_age: int | None = None
    """Seconds since apt's lists were fetched; None where there are none."""
    upgrade_age: int | None = None
    """Seconds since updates were last installed by themselves; None where that never happened."""


class Upkeep(FactBase[UpkeepState]):
    """
    Clock, reboot and updates of a host.

    What updates there are is read from apt's own lists of the security archive: apt-get(8) itself
    takes a second of CPU time to say so.
    """

    def command(self) -> str:
        return f"""
now=$(date +%s)
chronyc -nc tracking 2>/dev/null | sed -n 's/,/\\t/g; s/^/clock\\t/p'
systemctl show --property=ConditionResult chrony.service 2>/dev/null | sed 's/=/\\t/'
[ ! -e {REBOOT_REQUIRED} ] || echo reboot
sed 's/^/package\\t/' {REBOOT_REQUIRED}.pkgs 2>/dev/null
age() {{ [ ! -e "$2" ] || printf '%s\\t%s\\n' "$1" $((now - $(stat -c %Y "$2"))); }}
[ -z "$(ls /var/lib/apt/lists/*_Packages* 2>/dev/null | head -n 1)" ] || age lists /var/lib/apt/lists
age upgrade {STAMP}
for list in /var/lib/apt/lists/*-security_*_Packages*; do
  [ ! -e "$list" ] || /usr/lib/apt/apt-helper cat-file "$list"
done | sed -n 's/^\\(Package\\|Version\\): /\\1\\t/p' | {{
  dpkg-query --show --showformat 'installed\\t${{Package}}\\t${{Version}}\\t${{db:Status-Status}}\\n'
  cat
}} | awk -F '\\t' '
  $1 == "installed" && $4 == "installed" {{ installed[$2] = $3 }}
  $1 == "Package" {{ package = $2 }}
  $1 == "Version" && package in installed && installed[package] != $2 {{
    print "update\\t" package "\\t" installed[package] "\\t" $2
  }}'
true
"""

    @staticmethod
    def default() -> UpkeepState:
        return UpkeepState()

    def process(self, output: list[str]) -> UpkeepState:
        rows = [line.split("\t") for line in output]
        first = {row[0]: row[1:] for row in reversed(rows)}
        clock = first.get("clock", [])
        # Fields of chronyc's tracking report: 1 the source's address, 4 the offset, 13 the leap status.
        known = len(clock) >= 14
        kept_outside = not known and first.get("ConditionResult") == ["no"]
        return UpkeepState(
            synchronised=None if kept_outside else known and clock[13] != "Not synchronised",
            offset=float(clock[4]) if known else None,
            source=clock[1] or clock[0] if known else None,
            reboot_required=["reboot"] in rows,
            reboot_for=tuple(sorted({row[1] for row in rows if row[0] == "package" and row[1:]})),
            updates=tuple(Update(*row[1:]) for row in rows if row[0] == "update" and len(row) == 4),
            list_age=int(first["lists"][0]) if "lists" in first else None,
            upgrade_age=int(first["upgrade"][0]) if "upgrade" in first else None,
        )
