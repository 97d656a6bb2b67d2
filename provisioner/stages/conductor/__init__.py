"""AI Conductor: the workspace, its account and its member."""
