"""One stage a file: it looks, plans and acts on one thing of a workspace."""
