"""TracSeq on premises: entry points, and the roles, operations, facts and settings they stand on."""
