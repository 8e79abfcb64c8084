"""
List what would stop a deploy, over all hosts, in one table; nothing is changed.

    pyinfra -y inventories/production.py deploys/preflight.py
"""

from deploys.controller import preflight

preflight.report()
