"""Access to the bucket: statements in the two shared IAM policies."""
