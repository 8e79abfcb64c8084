"""The side of the clients: requests are read and answers written here."""
