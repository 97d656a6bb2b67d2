"""The values that the rooms of the bot share. No database, no chat."""
