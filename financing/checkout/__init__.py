"""Paying later: instalments as a payment method at checkout, and their signing."""
