"""Slack, the process, the clock, the environment and the database connection."""
