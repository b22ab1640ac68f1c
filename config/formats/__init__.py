"""How dates and times are written in each language where we differ from Django."""
