"""Kernel settings as they are in force, and as the host will have them after a boot."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from deploys.facts import file_set
from deploys.facts.file_set import Files, FileSetState


@dataclass(frozen=True)
class KernelState:
    """The live values, the modules, and the files that set them at boot."""

    values: dict[str, str] = field(default_factory=dict)
    """Live values by key, blanks made single; a key that the kernel does not offer is not here."""
    fixed: frozenset[str] = frozenset()
    """Keys that are there to read only: not this host's own to set."""
    loaded: frozenset[str] = frozenset()
    loadable: frozenset[str] = frozenset()
    files: FileSetState = field(default_factory=FileSetState)


class Kernel(FactBase[KernelState]):
    """
    Kernel settings and modules, live and on disk, in one execution.

    + keys: names of settings, with dots
    + modules: names of modules
    + paths: the files that set them at boot
    """

    def command(self, keys: Sequence[str], modules: Sequence[str], paths: Sequence[str]) -> str:
        self.files = [Files(paths, (), "kernel")]
        wanted = " ".join(shlex.quote(key.replace(".", "/")) for key in keys)
        names = " ".join(shlex.quote(module) for module in modules)
        # Not a process for each key: with them this would be a host's slowest reading.
        # A module that is part of the kernel itself has no directory of its own where it takes no
        # parameters; of the congestion controls the kernel says what it has.
        return f"""
cd /proc/sys
grep -s '' /dev/null {wanted} | sed 's/:/\\t/; s/^/value\\t/'
for key in {wanted}; do
  [ ! -e "$key" ] || [ -w "$key" ] || printf 'fixed\\t%s\\n' "$key"
done
controls=/proc/sys/net/ipv4/tcp_available_congestion_control
for module in {names}; do
  if [ -d "/sys/module/$module" ] || grep -qw "${{module#tcp_}}" $controls; then
    printf 'loaded\\t%s\\n' "$module"
  elif modprobe --dry-run --quiet "$module" 2>/dev/null; then
    printf 'loadable\\t%s\\n' "$module"
  fi
done
{file_set.reading(self.files)}
"""

    @staticmethod
    def default() -> KernelState:
        return KernelState()

    def process(self, output: list[str]) -> KernelState:
        rows = [line.split("\t") for line in output]
        [files] = file_set.parse(self.files, output)
        return KernelState(
            values={_dotted(row[1]): " ".join(" ".join(row[2:]).split()) for row in rows if row[0] == "value"},
            fixed=frozenset(_dotted(row[1]) for row in rows if row[0] == "fixed"),
            loaded=frozenset(row[1] for row in rows if row[0] == "loaded"),
            loadable=frozenset(row[1] for row in rows if row[0] == "loadable"),
            files=files,
        )


def _dotted(path: str) -> str:
    """The name of a setting, of its path below /proc/sys."""
    return path.replace("/", ".")
