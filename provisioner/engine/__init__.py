"""Runs, plans and turns: what is common to all stages."""
