"""The inventory of ``INVENTORY``, with connections that write down what they execute."""

import os
import runpy

from tests.bench.recording import recording as _recording

_groups = {
    name: value
    for name, value in runpy.run_path(os.environ["INVENTORY"]).items()
    if name[0] != "_" and isinstance(value, list | tuple)
}
globals().update(_groups)

recorded = (_groups["lab"], {"ssh_paramiko_connect_kwargs": {"transport_factory": _recording}})
