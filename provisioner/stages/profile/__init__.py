"""The Kubeflow profile."""
