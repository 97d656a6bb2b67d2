"""The only part that imports Slack: commands, forms, buttons and cards."""
