"""What Prometheus can ask the gateway."""
