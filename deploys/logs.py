"""
Show what all hosts wrote, as the log host has it, the oldest first; nothing is changed, and no lock is taken.

    pyinfra inventories/production.py deploys/logs.py --data since='2026-11-23 14:00' --data grep=timeout
    pyinfra inventories/production.py deploys/logs.py --data request=4bf92f3577b34da6a3ce929d0e0e4736

Times are UTC. Without since it is the last hour, and at most the newest thousand lines; of an id of a request or
of a trace, all that is kept.

+ since: with --data, the moment from which on, as systemd.time(7) has it
+ grep, unit, of_host: a pattern, a unit, a host
+ request: an id that the load balancer and the gateway gave a request, or that of a trace
"""

import sys

from deploys.controller.log_search import report

sys.exit(report())
