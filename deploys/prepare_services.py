"""
Make what hosts unpack of each service, for each supported Debian; no host is connected to.

    pyinfra inventories/production.py deploys/prepare_services.py

A run makes it as far as its hosts need it. This is for a machine that makes a bundle (make bundle INVENTORY=…).
"""

# All of it happens before pyinfra connects (config.py): it concerns this machine alone.
