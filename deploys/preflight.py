"""
List what would stop a deploy, over all hosts, in one table; nothing is changed.

    pyinfra -y inventories/production.py deploys/preflight.py
"""

from deploys.roles import preflight
from deploys.settings.site import load

preflight.report(load())
