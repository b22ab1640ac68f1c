"""Products, schedules, agreements and the loans sold under them."""
