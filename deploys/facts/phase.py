"""Whether what a phase brings is of use: the platform answers its users, and everything is measured."""

from __future__ import annotations

import json
import shlex

from pyinfra.api import FactBase


class Answers(FactBase[dict[str, bool]]):
    """
    What the platform answers on a load balancer, by the name of the question: whether as it should.

    + domain: name under which users reach it
    """

    def command(self, domain: str) -> str:
        # Whose certificate it has is no question here: it may be one that only users' machines trust.
        ask = (
            "curl --silent --insecure --max-time 10 --output /dev/null --write-out '%{http_code}' --resolve "
            f"{shlex.quote(f'{domain}:443:127.0.0.1')} {shlex.quote(f'https://{domain}')}"
        )
        return f"""
printf 'health %s\\n' "$({ask}/health)"
printf 'token %s\\n' "$({ask}/api/deploy-check)"
true
"""

    @staticmethod
    def default() -> dict[str, bool]:
        return {}

    def process(self, output: list[str]) -> dict[str, bool]:
        found = dict(line.split(" ", 1) for line in output)
        return {"health": found.get("health") == "200", "token": found.get("token") in ("401", "404")}


class Tokens(FactBase[dict[str, bool]]):
    """
    What a gateway does with requests that have a token, by service, and as ``requests`` with those that have none.

    + program: path of what asks it
    + url: where the gateway listens
    + environment: path of its variables
    """

    def command(self, program: str, url: str, environment: str) -> str:
        return f"[ ! -e {program} ] || python3 {program} {shlex.quote(url)} < {environment}"

    @staticmethod
    def default() -> dict[str, bool]:
        return {}

    def process(self, output: list[str]) -> dict[str, bool]:
        return {name: one["status"] == "up" for name, one in json.loads(output[0]).items()}


class Unmeasured(FactBase[tuple[str, ...] | None]):
    """The targets that Prometheus of this host does not have an answer of; None where it does not answer itself."""

    def command(self) -> str:
        return "curl --silent --max-time 10 'http://127.0.0.1:9090/api/v1/targets?state=active'; true"

    @staticmethod
    def default() -> None:
        return None

    def process(self, output: list[str]) -> tuple[str, ...] | None:
        targets = json.loads("\n".join(output))["data"]["activeTargets"]
        return tuple(sorted(one["scrapeUrl"] for one in targets if one["health"] != "up"))
