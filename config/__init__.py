"""The composition root: settings, wiring, addresses, queue, embedded servers."""
