"""Hosts with a member of etcd, in which Patroni's servers agree about who is the primary: three, or five."""

# Where its data is. Each change is on the disk before it counts, and Patroni waits for it: where other
# programs keep the disk busy, have a small one of its own mounted there.
etcd_directory = "/var/lib/etcd/tracseq"
