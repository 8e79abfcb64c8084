"""
What is where in the lab, and how to look at it.

    python -m deploys.lab_guide
"""

from __future__ import annotations

import runpy
import ssl
import sys
from pathlib import Path

import httpx

from deploys.settings import lab

INVENTORY = "inventories/lab.py"
AUTHORITY = Path(".state/lab/authority/authority.crt")
GROUPS = ("load_balancers", "gateways", "postgres", "redis")


def main() -> int:
    """Print the guide; end with 1 where the site does not answer."""
    inventory = runpy.run_path(INVENTORY)
    domain = runpy.run_path("group_data/lab.py")["domain"]
    balancer = inventory["load_balancers"][0][1]["address"]
    print("\nThe lab's machines:\n")
    for machine in lab.machines(INVENTORY):
        roles = [group for group in GROUPS if machine.name in [name for name, _ in inventory[group]]]
        print(f"    {machine.name:<10} {machine.address:<12} {', '.join(roles) or 'no part of the site'}")
    key = f"-i {lab.SSH_KEY} -o UserKnownHostsFile={lab.KNOWN_HOSTS}"
    print(f"\nLog in to one:\n\n    ssh {key} {lab.USER}@{balancer}")
    print(
        "\nAsk the site, as a user would:\n\n"
        f"    curl --cacert {AUTHORITY} --resolve {domain}:443:{balancer} https://{domain}/health\n"
    )
    try:
        context = ssl.create_default_context(cafile=str(AUTHORITY))
        answer = httpx.get(f"https://{balancer}/health", headers={"Host": domain}, verify=context, timeout=15)
        answer.raise_for_status()
    except (OSError, httpx.HTTPError) as error:
        print(f"The site does not answer: {error}. Run `make lab` again; it goes on where it stopped.")
        return 1
    print(f"It answers: {answer.text}\n")
    print("Next: `make verify` proves what its hosts do; `make lab-down` takes everything away.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
