"""What happens to a request between the client's side and the service's."""
