"""Measurements of the mall, run by `manage.py bench`."""
