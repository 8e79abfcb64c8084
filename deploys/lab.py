"""
Start the lab: machines with systemd, sshd and a network of their own, on this one.

    pyinfra -y @local deploys/lab.py

Running it again starts what is missing and repairs what died. Data, with --data key=value:

+ inventory: the inventory whose machines to start (default inventories/lab.py)
+ machines: only these, names separated by commas
+ owner: process id for which they run; where it dies, the next lab takes them away
"""

from pyinfra import host

from deploys.controller import lab as machines
from deploys.settings import lab

machines.up(
    machines=lab.machines(host.data.get("inventory", "inventories/lab.py"), host.data.get("machines")),
    owner=host.data.get("owner"),
    _sudo=lab.needs_sudo(),
)
