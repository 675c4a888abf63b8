"""The real engines as child processes, for when no address of a store is configured."""
