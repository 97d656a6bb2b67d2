"""Grafana, simulated."""
