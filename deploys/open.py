"""
Show where the pages of a site are, and how to reach those that only a host itself reaches; no host is connected to.

    pyinfra inventories/production.py deploys/open.py
"""

# All of it happens before pyinfra connects (config.py): what is where, the data says.
