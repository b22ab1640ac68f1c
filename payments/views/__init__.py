"""Pages of payments: one's own money, the card's bank of the stand-in, and the day of operations."""
