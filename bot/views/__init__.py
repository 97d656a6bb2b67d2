"""What a person is shown, made from what is stored. Pure: no clock, no database, no Slack."""
