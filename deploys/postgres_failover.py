"""
Move the Postgres servers of a running site to Patroni, or back: to whom postgres_failover (in group_data) names.

    pyinfra inventories/production.py deploys/postgres_failover.py

It says what it found and what it will do before it asks whether to go on; with --dry it ends there. Each server is
restarted once. Run again it finishes what was interrupted, and changes nothing where all is done.
"""

from deploys.controller.postgres.move import begin
from deploys.roles import registry as roles
from deploys.roles.firewall import finish as closing
from deploys.roles.postgres import move as moving

move = begin()

moving.before(move)
if move.to_patroni:
    roles.base.apply(move.run)
    roles.firewall.apply(move.run)
    roles.etcd.apply(move.run)
    roles.patroni.apply(move.run)
roles.postgres.apply(move.run)
moving.after(move)
if not move.to_patroni:
    roles.patroni.apply(move.run)
    roles.firewall.apply(move.run)
closing.closed(run=move.run)
