"""The packing desk: what waits to be sent, papers for many parcels at once, the scanner at the door."""
