"""What measurements need of the machine: a database of their own on the configured server, and its programs."""
