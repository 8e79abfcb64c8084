"""Hosts with a Postgres server, primary or replica."""

# Memory: by default derived from the host's own (a quarter for shared buffers, three quarters for
# the cache, a sixteenth but at most 2 GB for maintenance), and no less than the deployment guide's
# values (256 MB, 1 GB, 64 MB), where the host has that. A value here, such as "2GB", decides.
postgres_shared_buffers = None
postgres_effective_cache_size = None
postgres_maintenance_work_mem = None
postgres_work_mem = "4MB"

postgres_max_connections = 100

# What a replica that is away may make the primary keep. Beyond it the replica must be built anew,
# but the primary's disk does not fill.
postgres_max_slot_wal_keep_size = "8GB"

# So many replicas must have a write on their disks before it is acknowledged. 0: the primary alone must, and what it
# acknowledged last is lost with its machine. With fewer replicas at hand than this every write waits: have one more.
postgres_synchronous = 0

# How far a replica may be behind its primary before deploys/status.py calls it wrong, in WAL and in time.
postgres_maximum_lag = "256MB"
postgres_maximum_delay = "1m"

# Statements that take longer are written to the server's log, with their values. None: none are.
postgres_log_slow_statements = "1s"

# Further settings of postgresql.conf (deployment guide, "PostgreSQL Configuration").
postgres_settings = {
    "checkpoint_completion_target": "0.9",
    "wal_buffers": "16MB",
    "default_statistics_target": "100",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "200",
    "min_wal_size": "1GB",
    "max_wal_size": "4GB",
}

# Networks outside of the site that may connect as the platform's user, with TLS and its password.
postgres_clients = []

# Where there is a pool (postgres_pool_port in group_data/all.py): its connections to its server, and those that its
# clients may have. Between two transactions a client has none of the server's.
postgres_pool_size = 40
postgres_pool_clients = 1000

# Kernel settings only these hosts need.
postgres_kernel_settings = {"vm.swappiness": "10"}
