"""Programs that `make` runs: the virtual environment, pins, helm and kubectl, the chart's check."""
