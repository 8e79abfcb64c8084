"""pyinfra's own settings, read by pyinfra before it reads the inventory."""

import gc

from pyinfra import config

from deploys.controller import stack
from deploys.settings import command_line

config.REQUIRE_PYINFRA_VERSION = "==3.10.0"

# Stop at the first host that fails: the hosts that are left would go on without what it owes them.
config.FAIL_PERCENT = 0

# Other users of a host can read and guess names in /tmp; root's own directory is closed to them.
config.TEMP_DIR = "/root"

# A run ends soon and keeps what it makes until then; to look through it at Python's usual rate, in
# vain, takes a tenth of this machine's time.
gc.set_threshold(100_000)

stack.known("deploys")
command_line.check()
