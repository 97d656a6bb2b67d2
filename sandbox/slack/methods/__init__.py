"""The Web API, family by family."""
