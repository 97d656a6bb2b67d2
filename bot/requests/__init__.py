"""What a person can ask for, and what becomes of it. Knows no Slack."""
