"""What there is of the lab on this machine."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from pyinfra.api import FactBase


@dataclass(frozen=True)
class LabMachine:
    """What is left or running of one machine."""

    running: bool
    root: str
    orphaned: bool = False
    """Whether the process that it was started for has died without taking it away."""


class Machines(FactBase[dict[str, LabMachine]]):
    """
    The machines of a lab directory, by name, whether they run or only lie about.

    + directory: the directory with one directory per machine
    """

    def command(self, directory: str) -> str:
        # A process id alone may have been given to another process since: its command line tells.
        return f"""
cd {shlex.quote(directory)} 2>/dev/null || exit 0
for name in *; do
  [ -d "$name/disk" ] || continue
  running=no
  pid=$(cat "$name/pid" 2>/dev/null || echo 0)
  tr '\\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null | grep -q -e "systemd-nspawn.* -M $name " && running=yes
  orphaned=no
  if [ -e "$name/owner" ]; then
    # A process id may have been given again: the time of its start tells (proc(5), stat, field 22).
    read -r owner started < "$name/owner"
    [ "$(sed 's/.*) //' "/proc/$owner/stat" 2>/dev/null | cut -d ' ' -f 20)" = "$started" ] || orphaned=yes
  fi
  echo "$name $running $orphaned $(cat "$name/made-from" 2>/dev/null)"
done
"""

    @staticmethod
    def default() -> dict[str, LabMachine]:
        return {}

    def process(self, output: list[str]) -> dict[str, LabMachine]:
        machines = {}
        for line in output:
            name, running, orphaned, root = [*line.split(), ""][:4]
            machines[name] = LabMachine(running == "yes", root, orphaned == "yes")
        return machines


class RootFileSystems(FactBase[set[str]]):
    """
    The root file systems in a cache that are complete.

    + directory: the cache
    """

    def command(self, directory: str) -> str:
        return f"cd {shlex.quote(directory)} 2>/dev/null && ls -d */complete 2>/dev/null || true"

    @staticmethod
    def default() -> set[str]:
        return set()

    def process(self, output: list[str]) -> set[str]:
        return {line.removesuffix("/complete") for line in output}


class Network(FactBase[dict[str, bool]]):
    """
    What is there of the lab beside its machines: ``bridge``, ``address``, ``nat``, ``directory``.

    + bridge: the bridge's name
    + address: the address this machine has on it
    + directory: the lab's
    """

    def command(self, bridge: str, address: str, directory: str) -> str:
        return f"""
[ ! -d {shlex.quote(directory)} ] || echo directory
ip -br address show dev {bridge} 2>/dev/null | grep -q . && echo bridge
ip -br address show dev {bridge} 2>/dev/null | grep -qF ' {address}/' && echo address
iptables -t nat -S POSTROUTING 2>/dev/null | grep -qF {bridge} && echo nat
true
"""

    @staticmethod
    def default() -> dict[str, bool]:
        return {}

    def process(self, output: list[str]) -> dict[str, bool]:
        return dict.fromkeys(output, True)


class Limit(FactBase[int]):
    """
    The number that a file has, 0 where it is not there.

    + path: of the file
    """

    def command(self, path: str) -> str:
        return f"cat {shlex.quote(path)} 2>/dev/null || true"

    @staticmethod
    def default() -> int:
        return 0

    def process(self, output: list[str]) -> int:
        return int(output[0])


class DebianArchive(FactBase[list[str]]):
    """The addresses that this machine's own apt has Debian from: the archive's, the security archive's."""

    def command(self) -> str:
        return (
            "apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sort -u; "
            ". /etc/os-release; echo release $VERSION_CODENAME"
        )

    @staticmethod
    def default() -> list[str]:
        return []

    def process(self, output: list[str]) -> list[str]:
        rows = [line.split() for line in output if len(line.split()) == 2]
        release = next(value for key, value in rows if key == "release")
        archive = [address for name, address in rows if name == release]
        security = [address for name, address in rows if name == f"{release}-security"]
        return [*archive[:1], *security[:1]]


class Obstacles(FactBase[list[str]]):
    """What keeps this machine from running a lab, a sentence each; empty where it can."""

    def command(self) -> str:
        return """
[ "$(uname -s)" = Linux ] || { echo "This is $(uname -s): the lab's machines need the Linux kernel."; exit 0; }
[ "$(id -u)" = 0 ] || { echo "Neither root nor sudo without a password: run it as root."; exit 0; }
command -v apt-get >/dev/null || echo "There is no apt-get: the lab is built on Debian or one of its kin."
unshare --net true 2>/dev/null || echo "No network namespace can be made here (a container without CAP_SYS_ADMIN?)."
unshare --mount sh -c 'd=$(mktemp -d) && mkdir $d/l $d/u $d/w $d/m && mount -t tmpfs none $d &&
  mkdir $d/l $d/u $d/w $d/m && mount -t overlay none -o lowerdir=$d/l,upperdir=$d/u,workdir=$d/w $d/m' 2>/dev/null \\
  || echo "No overlay can be mounted here: the kernel has no overlay file system, or forbids it."
true
"""

    @staticmethod
    def default() -> list[str]:
        return []

    def process(self, output: list[str]) -> list[str]:
        return output
