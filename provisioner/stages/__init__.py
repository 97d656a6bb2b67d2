"""One room a system: its stages look, plan and act on one thing of a workspace each."""
