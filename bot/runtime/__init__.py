"""The process: who leads, who runs the runs, what goes by the clock, probes."""
