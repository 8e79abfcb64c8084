"""Monitoring hosts: Prometheus, which asks every host of the site, and Alertmanager, which tells you."""

# How long what was measured is kept, and how much of the disk it may take: whichever ends first.
prometheus_retention = "30d"
prometheus_retention_size = "8GB"

# How often every host is asked.
scrape_interval = "15s"

# Mail is in group_data/all.py (alert_mail_…).
# Alerts are also posted to the addresses (separated by spaces) in .env.<environment>: as Alertmanager's JSON to those
# in ALERT_WEBHOOKS, to channels of Slack in ALERT_SLACK_WEBHOOKS, and of Teams in ALERT_TEAMS_WEBHOOKS (Debian 13).

# How long an alert waits for others that belong to it, and after what time it is told again while it goes on.
alert_group_wait = "30s"
alert_group_interval = "5m"
alert_repeat_interval = "12h"

# A monitoring host that is dead tells nobody: the load balancers ask it every minute, and tell people themselves, by
# the same mail server and addresses, when it has heard nothing from Prometheus for so long. Up to four minutes more may
# pass until the mail: with 8 it is there within 12.
dead_mans_switch_after = "8m"
