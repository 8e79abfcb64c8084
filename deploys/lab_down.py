"""
Take the lab away: machines, mounts, bridge, NAT rule and processes. The cached root file systems stay.

    pyinfra -y @local deploys/lab_down.py

+ machines: only these, names separated by commas, of any lab inventory
"""

from pyinfra import host

from deploys.controller import lab as machines
from deploys.settings import lab

machines.down(machines=host.data.get("machines"), _sudo=lab.needs_sudo())
