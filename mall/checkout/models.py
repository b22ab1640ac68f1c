"""The checkout has no models of its own: an order is placed before it is paid."""
