#!/bin/sh
# The first process of a virtual machine that is a Postgres server with the ledger's service, and nothing else.
mkdir -p /dev/shm
mount -t tmpfs tmpfs /dev/shm
modprobe virtio_net
ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
install -d -o postgres -g postgres /var/run/postgresql
if pg_ctlcluster VERSION main start; then
  table='create table if not exists ledger (number bigint primary key, at timestamptz default clock_timestamp())'
  su postgres -c "psql -XAtqc '$table'"
  # From here on only the server's own care keeps anything.
  sync
  echo "The server runs, $(cut -d ' ' -f 1 /proc/uptime) s after power on."
else
  tail -n 5 /var/log/postgresql/*.log
  echo 'The server does not start.'
fi
export DATABASE_URL='postgresql:///postgres?host=/var/run/postgresql'
exec setpriv --reuid=postgres --regid=postgres --init-groups python3 /usr/local/lib/ledger.py 8081
