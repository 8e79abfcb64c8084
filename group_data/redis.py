"""Hosts with a Redis server."""

# At most this much memory for data (deployment strategy, REDIS_MAXMEMORY); at most half of the host's.
redis_memory = "2GB"

# What goes when it is full: nothing that was not given a lifetime.
redis_eviction = "volatile-lru"

# When a write is on disk: within a second ("everysec"), or before it is acknowledged ("always"), which costs each
# write what the disk takes. What a failover may lose beside that: docs/operations/redis.md.
redis_fsync = "everysec"

# What Redis asks of the kernel when it starts; see its own warnings.
redis_kernel_settings = {"vm.overcommit_memory": "1"}
