"""The dashboard has no models of its own."""
