"""What each host tells the monitoring hosts of itself."""
