"""Measurements of this app on a real server, each figure beside a yardstick of the same run."""
