"""Grafana, where the administrator brings its package."""
