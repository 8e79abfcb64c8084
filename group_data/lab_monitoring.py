"""The lab with monitoring: what it has of its own, beside group_data/lab.py."""

# A machine outside of the site gets its mail, while a test has a mail server there.
alert_mail_server = "10.77.0.61"
alert_mail_port = 2525
alert_mail_from = "monitoring@lab.example.org"
alert_mail_to = ["administrator@lab.example.org"]
alert_mail_tls = False

# Tests wait for it.
alert_group_wait = "1s"
alert_group_interval = "5s"
scrape_interval = "5s"
dead_mans_switch_after = "90s"

# What users do is seen by service: here one answers for two.
services = {name: {"addresses": ["http://10.77.0.61:8081"]} for name in ("sample", "sequencing")}
