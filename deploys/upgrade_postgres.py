"""
Upgrade Postgres to the newest major version that is installed on all of its hosts, such as after a new Debian.

    pyinfra inventories/production.py deploys/upgrade_postgres.py --dry      what it found and would do
    pyinfra inventories/production.py deploys/upgrade_postgres.py

It says what it found, what it will do, for how long writes wait and what room that takes before it
asks whether to go on. Run again it finishes what was interrupted, and changes nothing where all is
done. Data, with --data key=value:

+ force: whether it goes on in a site without backups (default false)
"""

from deploys.controller.postgres.upgrading import begin
from deploys.roles import registry as roles
from deploys.roles.postgres import upgrade

change = begin()

upgrade.apply(change)
roles.postgres.apply(change.run)
roles.pool.apply(change.run)
roles.backup_server.apply(change.run)
roles.restore.apply(change.run)
roles.backup.apply(change.run)
