"""What is measured and printed, never asserted by the clock: `make bench`."""
