"""
Check the data and secrets of a site; no host is connected to.

    pyinfra inventories/production.py deploys/check_data.py
"""

# All of it happens before pyinfra connects, for every run (config.py); this one ends there.
