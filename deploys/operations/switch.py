"""Load balancers that send requests to the other one of two gateways per host."""

from __future__ import annotations

import shlex

from pyinfra import host

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.balancer import BLUE, GREEN, SWITCHED, Sends
from deploys.operations.rolling import Rolling, turn
from deploys.operations.script import script


@operation
def sends(slot: str, health: str) -> Steps:
    """
    Have a load balancer send its requests to the blue or to the green gateways, from one request to the next.

    Where they do not answer it sends to the others again, and so do those balancers that have switched
    before it in the run.

    + slot: ``blue`` or ``green``
    + health: URL on the host that answers 200 where a gateway answers

    **Example:**

    .. code:: python

        switch.sends(name="Requests go to the green gateways", slot="green", health="https://127.0.0.1/health")
    """
    current: str | None = yield Reading(Sends)
    if current == slot:
        host.noop(f"it sends to the {slot} gateways")
        return
    back = _switched(BLUE if slot == GREEN else GREEN)
    lines = [
        *_switched(slot),
        f"answer=$(curl --silent --insecure --max-time 5 --retry 2 --retry-all-errors --output /dev/null"
        f" --write-out '%{{http_code}}' {shlex.quote(health)}) || true",
        'if [ "$answer" != 200 ]; then',
        *(f"  {line}" for line in back),
        f'  echo "With the {slot} gateways {health} answers $answer: it sends to the others again." >&2',
        "  exit 1",
        "fi",
    ]
    with turn(Rolling("load balancers that switch", together=True), serves=True, restarts=True, undo=back):
        yield script(*lines)


def _switched(slot: str) -> list[str]:
    """Shell: have requests sent to these gateways, also after a boot."""
    directory = SWITCHED.rpartition("/")[0]
    return [f"mkdir -p {directory}", f"touch {SWITCHED}" if slot == GREEN else f"rm -f {SWITCHED}", f"sync {directory}"]
