"""What people are told by, seen to be right while nothing is changed yet."""

from __future__ import annotations

from collections.abc import Mapping

from pyinfra import host
from pyinfra.api.exceptions import OperationError

from deploys.engine.reading import Reading, Steps, operation
from deploys.facts.alert_files import Refused


@operation
def well_formed(rules: Mapping[str, str], routes: str) -> Steps:
    """
    Go on only where promtool and amtool find nothing wrong, by what is installed on the host.

    + rules: what files of rules are to be, by their paths on the host
    + routes: Alertmanager's configuration, with words of no meaning in place of its secrets

    Raises an OperationError with what the two say. On a host that has neither yet, the files are looked at
    when they are brought there.

    **Example:**

    .. code:: python

        alerts.well_formed(
            name="Rules and routes are well-formed",
            rules={"/etc/prometheus/rules/hosts.yml": "groups: []"},
            routes="route: {receiver: nobody}\\nreceivers: [{name: nobody}]",
        )
    """
    refused: tuple[str, ...] = yield Reading(Refused, rules=rules, routes=routes)
    if refused:
        said = "\n".join(f"    {line}" for line in refused)
        raise OperationError(
            "what this host is to watch the site by is not right, by its own promtool and amtool:\n"
            f"{said}\n"
            "No host was changed. Rules are in files/monitoring/rules, panels in deploys/controller/dashboards, "
            "routes in templates/monitoring/alertmanager.yml.j2: mend them there, and run again."
        )
    host.noop("they are")
