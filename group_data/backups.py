"""Hosts that hold the backups: Postgres, Redis, and what services declare as their state."""

# Where the repository is. It grows by the size of a compressed full backup a week, the changes of each
# day and all WAL, for as long as is said below. Have a disk of its own mounted there.
backup_directory = "/var/lib/pgbackrest"

# When backups are made (systemd.time(7)), each within half an hour after; one missed while the host was
# off is made when it is back. From a replica, where one answers.
backup_full_at = "Sun 02:10"
backup_differential_at = "Mon..Sat 02:10"

# When the state of services is fetched: what they declare as such, of Redis its append-only log.
backup_state_at = "*-*-* *:20"

# How long it must be possible to go back to any moment: a full backup, and all WAL since, stays until
# a younger full one is as old as this.
backup_retention = "30d"

# What was written is in the repository within this time, also where it does not fill a WAL segment.
backup_wal_interval = "1m"

# When a unit fails, for everybody to see, because something is missing: WAL, or backups.
backup_wal_maximum_age = "15m"
backup_maximum_age = "30h"

# Where clusters are restored, each on this host first: by the drill, and by deploys/restore.py. It needs room for
# the whole cluster as it was, uncompressed.
backup_restore_directory = "/var/lib/tracseq-restore"

# When the newest backup is restored, proved and thrown away, and how old the last such drill may be before
# deploys/status.py calls it wrong.
backup_drill_at = "Sun 05:10"
backup_drill_maximum_age = "8d"

# A query that a restored cluster must answer with a row, in the platform's database, beside all that is proved of
# it anyway: such as "select max(created_at) from samples". Its answer is shown. None: nothing is asked.
backup_proof_query = None

# A second place: a copy of the whole repository, encrypted as it is, and how often it is brought up to
# date. What is too old goes there once all of the repository was found well, and never before.
# None, or a dictionary whose "type" is one of
# - "s3": with "path" (bucket/directory), "endpoint" (a URL) and, if need be, "region"
# - "sftp": with "path", "host", "user", "host_key" (as ssh-keyscan prints it, without the name)
# - "directory": with "path", where another disk or a share is mounted
# Secrets in .env: BACKUP_S3_KEY and BACKUP_S3_SECRET, or BACKUP_SFTP_PASSWORD.
# The firewall lets the backup host reach backup_second_place_port (group_data/all.py; SFTP: 22) beside 80 and 443.
backup_second_place = None
backup_second_place_interval = "15m"

# A Postgres host as backup host: whoever takes it over can delete the backups, and its disk holds both.
backup_on_postgres_host = False
