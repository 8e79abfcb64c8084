"""What is made on the controller, before any host is touched: texts, certificates, wheels."""
