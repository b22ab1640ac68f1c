"""A seeded economy of people and merchants whose hidden traits decide how they shop, sell, borrow and repay."""
