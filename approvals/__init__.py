"""Who may ask, who said yes, and what is on record. Knows nothing of workspaces, vendors or Slack."""
