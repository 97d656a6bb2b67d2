"""AI Conductor, as far as it is known, and for the rest as the shipped guess has it."""

from sandbox.conductor.application import Write
from sandbox.conductor.simulator import ConductorSimulator

__all__ = ["ConductorSimulator", "Write"]
