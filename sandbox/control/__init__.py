"""The sandbox's own API, page and client."""
