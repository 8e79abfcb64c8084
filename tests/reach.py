"""Whether one host of the lab reaches a port of another."""

from __future__ import annotations

from tests import lab

TRY = "timeout 4 bash -c ': < /dev/tcp/{address}/{port}' 2>/dev/null; echo $?"
"""With nothing but what every machine has."""
TIMED_OUT = "124"


def is_dropped(name: str, address: str, port: int) -> bool:
    """
    Whether a firewall lets nothing through, and says nothing.

    Args:
        name: of the host that tries
        address: of the other one
        port: and its port
    """
    return lab.ssh(name, TRY.format(address=address, port=port)).strip() == TIMED_OUT
