"""What the bot is told: settings, their schema, logs."""
