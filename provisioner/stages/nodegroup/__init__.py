"""The EKS node group, which eksctl creates and deletes."""
