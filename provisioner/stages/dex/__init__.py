"""The Dex login: an entry in a configuration that all share."""
