"""Every host knows which hosts are out for maintenance."""
