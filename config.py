"""pyinfra's own settings, read by pyinfra before it reads the inventory."""

import gc
import sys

from pyinfra import config

# pyinfra leaves no compiled files behind; without them each run would compile all of deploys/ anew,
# these first modules of it too.
sys.dont_write_bytecode = False

from deploys.controller import data  # noqa: E402
from deploys.controller.maintenance import hosts as maintenance  # noqa: E402
from deploys.engine import command_line, connecting, execution, modules  # noqa: E402

config.REQUIRE_PYINFRA_VERSION = "==3.10.0"

# Stop at the first host that fails: the hosts that are left would go on without what it owes them.
config.FAIL_PERCENT = 0

# Other users of a host can read and guess names in /tmp; root's own directory is closed to them.
config.TEMP_DIR = "/root"

# A run ends soon and keeps what it makes until then; to look through it at Python's usual rate, in
# vain, takes a tenth of this machine's time.
gc.set_threshold(100_000)

modules.name_files("deploys")
command_line.check()
connecting.before_connecting(
    data.check,
    data.groups,
    data.limited,
    alone=("deploys/status.py", "deploys/logs.py"),
    chosen=maintenance.chosen,
)
execution.install()
