"""Spans: what a trace says of the gateway's part in it, sent to a collector where one is configured."""
