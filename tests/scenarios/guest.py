"""A virtual machine, for what a container cannot show: with its power it loses what its kernel had not yet written."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploys.facts.postgres.state import OF_DEBIAN
from deploys.settings import lab as settings
from tests import lab

PROGRAMS = "tests/scenarios/deploys/virtual_machines.py"
SERVICES = Path("tests/scenarios/services")
SUITE = settings.default_suite()
VERSION = OF_DEBIAN[settings.SUITES[SUITE]]
PACKAGES = ("udev", "iproute2", "linux-image-cloud-amd64", "postgresql", "python3-psycopg2")
# Without a processor's help each driver that it looks at costs time: of all that there are it needs these.
FEW_DRIVERS = (
    'cd "$1" && mkdir -p etc/initramfs-tools/conf.d usr/share/initramfs-tools/modules.d'
    " && echo MODULES=list > etc/initramfs-tools/conf.d/guest"
    " && echo virtio_pci virtio_blk virtio_net ext4 | tr ' ' '\\n' > usr/share/initramfs-tools/modules.d/guest"
)
FIRST_PROCESS = "/sbin/guest"
BOOT = 600
"""Seconds that a machine may take to boot where no processor helps."""


def root(directory: Path) -> Path:
    """Make the files of a machine; its path."""
    programs = lab.pyinfra("-y", "@local", PROGRAMS)
    assert programs.code == 0, programs.output
    path = directory / "root"
    mirror = [given] if (given := settings.mirror()) else []
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    command += [f"--essential-hook={FEW_DRIVERS}"]
    subprocess.run(["nice", *command, SUITE, str(path), *mirror], check=True, stdin=subprocess.DEVNULL)
    shutil.copy(SERVICES / "ledger.py", path / "usr/local/lib/ledger.py")
    first = path / FIRST_PROCESS.lstrip("/")
    first.write_text((SERVICES / "guest.sh").read_text().replace("VERSION", str(VERSION)))
    first.chmod(0o755)
    return path


class Guest:
    """
    A machine of its own.

    Args:
        files: the directory of its files
        disk: the file that is its disk
        texts: what else it has, by path
    """

    def __init__(self, files: Path, disk: Path, texts: Mapping[str, str]) -> None:
        for path, text in texts.items():
            (files / path.lstrip("/")).write_text(text)
        subprocess.run(
            ["mke2fs", "-q", "-F", "-t", "ext4", "-d", str(files), str(disk), "2G"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.files, self.disk, self.console = files, disk, disk.with_suffix(".console")
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port: int = one.getsockname()[1]
        """The port of this machine that leads to its service."""
        self._process: subprocess.Popen[bytes] | None = None

    def boot(self) -> str:
        """Switch it on, and wait until its server runs, or does not; which of both."""
        (kernel,), (first,) = ([*self.files.glob(f"boot/{name}-*")] for name in ("vmlinuz", "initrd.img"))
        self.console.unlink(missing_ok=True)
        arguments = {
            # Without KVM: where that cannot be nested, there may be a /dev/kvm in which a machine stands still.
            "machine": "q35,accel=tcg", "cpu": "max", "m": "768", "display": "none", "serial": f"file:{self.console}",
            "kernel": str(kernel), "initrd": str(first),
            "append": f"root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet panic=-1 init={FIRST_PROCESS}",
            # What the guest has written is with this machine's kernel, and stays when the guest is killed; what it
            # only keeps in its memory is lost.
            "drive": f"file={self.disk},format=raw,if=virtio,cache=writeback",
            "netdev": f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:8081",
            "device": "virtio-net-pci,netdev=net",
        }  # fmt: skip
        options = [part for name, value in arguments.items() for part in (f"-{name}", value)]
        # It ends with this process, however that ends.
        command = ["setpriv", "--pdeathsig=KILL", "nice", "qemu-system-x86_64", "-nodefaults", "-no-reboot", *options]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        said = str(lab.eventually(self._said, within=BOOT, every=1))
        assert "The server" in said, f"the machine ended: {said}"
        if "runs" in said:
            lab.eventually(lambda: self.numbers() is not None, within=60)
        return said

    def numbers(self) -> set[int]:
        """The numbers that it has."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/")
        answer = connection.getresponse()
        said = answer.read().decode()
        assert answer.status == 200, said
        return {int(line) for line in said.split()}

    def _said(self) -> str | None:
        said = self.console.read_text(errors="replace") if self.console.exists() else ""
        if found := re.search(r"The server (runs.*|does not start.)", said):
            return found[0].strip()
        return said or "nothing" if self._process and self._process.poll() is not None else None

    @property
    def running(self) -> bool:
        """Whether it has power."""
        return self._process is not None

    def pull_the_plug(self) -> None:
        """End it at once."""
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None
