"""Stands for the program eksctl 0.230.0, as far as node groups are made and deleted with it.

Its lines, streams, exit codes and the order of its calls are those recorded from the real one; it works only
through AWS's calls and Kubernetes' own. Its waits are shorter.
"""

from sandbox.eksctl.program import make_program

__all__ = ["make_program"]
