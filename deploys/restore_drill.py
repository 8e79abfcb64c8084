"""
Restore the newest backup on the backup host, prove it, and throw it away, as the weekly timer does.

    pyinfra inventories/production.py deploys/restore_drill.py
"""

from deploys.controller.backup_run import begin
from deploys.roles.backup import drill

drill.apply(run=begin())
