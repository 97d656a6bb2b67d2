"""What people are told: cards, threads, replies and direct messages, kept in step with what is stored."""
