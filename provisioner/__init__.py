"""How a workspace is made and unmade. Knows nothing of people, approvals or Slack."""
