"""Services and kernels that wait for a restart after an update."""
