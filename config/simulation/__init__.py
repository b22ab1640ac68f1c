"""Histories that are lived through the real operations: a synthetic economy, and recorded orders."""
