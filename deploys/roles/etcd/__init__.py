"""etcd: what Patroni's servers agree in about who is the primary."""
