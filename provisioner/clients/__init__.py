"""The vendors' official clients, their errors mapped once to `provisioner.vendor_call`."""
