"""
Make a named restore point, such as before a migration: deploys/restore.py can go back to it.

    pyinfra inventories/production.py deploys/restore_point.py --data to_point=before_the_migration
"""

from deploys.controller.backup_run import begin
from deploys.roles.backup import point

point.apply(run=begin())
