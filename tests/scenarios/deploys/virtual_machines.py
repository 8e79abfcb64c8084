"""What virtual machines need on this machine: pyinfra -y @local tests/scenarios/deploys/virtual_machines.py"""

from deploys.operations import packages
from deploys.settings import lab

packages.installed(
    name="Programs for virtual machines on this machine",
    packages=["qemu-system-x86", "mmdebstrap", "e2fsprogs"],
    _sudo=lab.needs_sudo(),
)
