"""The lab, as tests use it: run pyinfra, ask a machine, and do to it what happens to machines."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploys.settings import lab
from tests.inventory import PYINFRA, group, hosts, ssh_config

INVENTORY = "inventories/lab.py"
SITE = "deploys/site.py"
ISOLATED = "/etc/systemd/system/isolated.service"
"""The unit of a machine that boots without a network."""


@dataclass(frozen=True)
class Run:
    """How a run of pyinfra ended."""

    code: int
    output: str
    """What it printed for people."""
    json: dict[str, Any]
    """What it printed for programs, where it was asked to; else empty."""

    @property
    def changes(self) -> dict[str, list[str]]:
        """The operations that changed (or, in a dry run, would change) something, each with its hosts."""
        if results := self.json.get("results"):
            found = [(one["name"], one["success"]) for one in results["operations"]]
        else:
            found = [(one["name"], sorted(one["hosts_with_change"])) for one in self.json.get("plan", [])]
        changes: dict[str, list[str]] = {}
        for name, changed in found:
            # Hosts that change one after the other do so in operations of their own, of the same name.
            if changed:
                changes[name] = sorted({*changes.get(name, []), *changed})
        return changes


def pyinfra(
    *arguments: str,
    environment: dict[str, str] | None = None,
    directory: str | Path = ".",
    timeout: int = 600,
) -> Run:
    """Run pyinfra with these arguments, as somebody at a prompt would."""
    done = subprocess.run(
        [PYINFRA, *arguments],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout,
        env=os.environ | (environment or {}), cwd=directory,
    )  # fmt: skip
    parsed = json.loads(done.stdout) if "--json" in arguments and done.stdout.startswith("{") else {}
    return Run(done.returncode, done.stdout + done.stderr, parsed)


def started(*arguments: str) -> subprocess.Popen[bytes]:
    """A run of pyinfra that goes on while other things happen."""
    quiet = subprocess.DEVNULL
    return subprocess.Popen([PYINFRA, *arguments], stdin=quiet, stdout=quiet, stderr=quiet)


def site(*arguments: str, inventory: str = INVENTORY, **options: Any) -> Run:
    """Run the site, without questions, and read what it did."""
    return pyinfra("-y", "--json", *arguments, inventory, SITE, **options)


def ssh(name: str, command: str, check: bool = True, inventory: str = INVENTORY) -> str:
    """What a command prints on a host, run by root."""
    done = subprocess.run(
        ["ssh", "-F", str(ssh_config(inventory)), name, "sudo", "sh", "-s"],
        input=command, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if check and done.returncode:
        raise AssertionError(f"{name}: {command!r} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def up(*names: str, inventory: str = INVENTORY, owned: bool = False) -> None:
    """
    Have these machines of the lab running (all, where none is named).

    Args:
        names: the machines
        inventory: theirs
        owned: whether they are for this process alone: where it is killed, the next lab removes them
    """
    owner = ["--data", f"owner={os.getpid()}"] if owned else []
    _lab("deploys/lab.py", names, "--data", f"inventory={inventory}", *owner)


def destroy(*names: str) -> None:
    """Have these machines gone, with their disks."""
    _lab("deploys/lab_down.py", names)


def _lab(deploy: str, names: Iterable[str], *arguments: str) -> None:
    chosen = ["--data", f"machines={','.join(names)}"] if names else []
    run = pyinfra("-y", *arguments, *chosen, "@local", deploy)
    assert run.code == 0, run.output


def first_process(name: str) -> int:
    """The process id, on this machine, of a machine's systemd."""
    nspawn = (lab.machine_directory(name) / "pid").read_text().strip()
    return int(Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split()[0])


def pull_the_plug(name: str) -> None:
    """End a machine at once, with all its processes; its disk stays."""
    nspawn = int((lab.machine_directory(name) / "pid").read_text())
    os.kill(first_process(name), signal.SIGKILL)
    ended(nspawn)


def ended(nspawn: int) -> None:
    """Wait until a machine's systemd-nspawn is gone: until then the machine counts as running, and is not booted."""
    eventually(lambda: not Path(f"/proc/{nspawn}").exists())


def reboot(*names: str, inventory: str = INVENTORY) -> None:
    """Boot machines again, all at once, without a farewell."""
    for name in names:
        pull_the_plug(name)
    up(*names, inventory=inventory)


def together(names: Iterable[str], inventory: str) -> list[str]:
    """Machines, and with Postgres hosts those that hold their backups, which refuse WAL that they have otherwise."""
    chosen = dict.fromkeys(names)
    if any(host.name in chosen for host in group("postgres", inventory)):
        chosen |= dict.fromkeys(host.name for host in group("backups", inventory))
    return list(chosen)


def save(*names: str, inventory: str = INVENTORY) -> None:
    """Keep the disks of machines, to be put back with ``restore()``; the machines stop, and are booted by ``up()``."""
    for name in _off(names, inventory):
        directory = lab.machine_directory(name)
        kept = directory / "kept"
        kept.mkdir(exist_ok=True)
        # From now on the machine writes above it (overlayfs): nothing is copied, however much its disk holds.
        (directory / "disk").rename(kept / f"{len(list(kept.iterdir())):03}")
        (directory / "disk").mkdir()


def restore(*names: str, inventory: str = INVENTORY) -> None:
    """Have machines running from the disks that were kept last."""
    chosen = _off(names, inventory)
    for name in chosen:
        disk = lab.machine_directory(name) / "disk"
        shutil.rmtree(disk)
        disk.mkdir()
    up(*chosen, inventory=inventory)


def _off(names: Iterable[str], inventory: str) -> list[str]:
    """Pull the plug of machines, and take out their disks."""
    chosen = together(names, inventory)
    for name in chosen:
        if running(name):
            pull_the_plug(name)
    for name in chosen:
        eventually(lambda name=name: not running(name))
        # One that died alone left it mounted.
        root = str(lab.machine_directory(name) / "root")
        subprocess.run(["umount", "--lazy", root], capture_output=True, check=False)
    return chosen


def copy(source: Path, target: Path) -> None:
    """Copy what a machine's disk holds, with everything that a disk can hold."""
    subprocess.run(["rm", "-rf", str(target)], check=True)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def running(name: str) -> bool:
    """Whether a machine's systemd runs."""
    try:
        return first_process(name) > 0
    except (OSError, IndexError):
        return False


def cut_off(name: str) -> None:
    """Pull a machine's network cable."""
    subprocess.run(["ip", "link", "set", f"vb-{name}", "down"], check=True)


def plug_in(name: str) -> None:
    """Put a machine's network cable back."""
    subprocess.run(["ip", "link", "set", f"vb-{name}", "up"], check=True)


def deafen(name: str, *, hears: bool = False, speaks: bool = False) -> None:
    """
    Have a machine's network broken one way, or both, and its cable in all the same, until it is ``heal()``ed.

    Args:
        name: the machine
        hears: whether it still gets what others send
        speaks: whether others still get what it sends
    """
    for chain, way in _broken(hears, speaks):
        subprocess.run(["ebtables", "-A", chain, way, f"vb-{name}", "-j", "DROP"], check=True)


def heal(name: str) -> None:
    """Have a machine's network whole again."""
    for chain, way in _broken(hears=False, speaks=False):
        delete = ["ebtables", "-D", chain, way, f"vb-{name}", "-j", "DROP"]
        while subprocess.run(delete, capture_output=True, check=False).returncode == 0:
            pass


def _broken(hears: bool, speaks: bool) -> list[tuple[str, str]]:
    """The chains of the bridge at which frames from a machine and to it pass, and how a rule names its end there."""
    to_it = [] if hears else [("FORWARD", "-o"), ("OUTPUT", "-o")]
    from_it = [] if speaks else [("FORWARD", "-i"), ("INPUT", "-i")]
    return to_it + from_it


def isolate(name: str, *, at_boot: bool = False) -> None:
    """
    Keep a machine from reaching any other of its site; only this one still reaches it.

    Args:
        name: the machine
        at_boot: from its next boot on, before anything there looks for the others; else now
    """
    peers = [address for one in hosts(INVENTORY).values() if one.name != name for address in one.addresses]
    routes = [f"ip route replace blackhole {address}" for address in peers]
    if not at_boot:
        ssh(name, "\n".join(routes))
        return
    unit = ["[Unit]", "DefaultDependencies=no", "Before=network-pre.target", "[Service]", "Type=oneshot"]
    unit += [f"ExecStart={route}" for route in routes]
    lines = "\n".join([*unit, "[Install]", "WantedBy=sysinit.target"])
    ssh(name, f"cat > {ISOLATED} <<'UNIT'\n{lines}\nUNIT\nsystemctl --quiet enable {ISOLATED} 2>&1; sync")


def connect(name: str) -> None:
    """Let an isolated machine reach the others again."""
    ssh(name, f"systemctl --quiet disable {Path(ISOLATED).name} 2>&1; rm -f {ISOLATED}")
    ssh(name, "ip route flush type blackhole; ip -6 route flush type blackhole")


def processes(name: str) -> list[int]:
    """The process ids, on this machine, of all that a machine runs."""
    namespace = Path(f"/proc/{first_process(name)}/ns/pid").readlink()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "ns" / "pid").readlink() == namespace:
                    found.append(int(entry.name))
            except OSError:
                continue  # it has ended since
    return found


def processes_of(name: str, program: str) -> list[int]:
    """
    The process ids, on this machine, of what a machine runs of a program.

    Args:
        name: the machine
        program: as the kernel calls it
    """
    found = []
    for one in processes(name):
        with suppress(OSError):  # it has ended since
            if Path(f"/proc/{one}/comm").read_text().strip() == program:
                found.append(one)
    return found


def freeze(name: str) -> None:
    """Stop everything a machine runs, as a hanging hypervisor does."""
    for process in processes(name):
        os.kill(process, signal.SIGSTOP)


def thaw(name: str) -> None:
    """Let a frozen machine go on."""
    for process in processes(name):
        os.kill(process, signal.SIGCONT)


def eventually(check: Any, within: float = 30.0, every: float = 0.3) -> Any:
    """What a check returns once it neither raises nor returns something false."""
    end = time.monotonic() + within
    while True:
        try:
            if result := check():
                return result
            problem: object = f"it returned {result!r}"
        except Exception as error:
            problem = error
        if time.monotonic() > end:
            raise AssertionError(f"not within {within:g} s: {problem}")
        time.sleep(every)


def names() -> list[str]:
    """The hosts of the lab's site."""
    return list(hosts(INVENTORY))
