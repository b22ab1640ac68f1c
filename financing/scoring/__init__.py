"""Scorecards: points from features, with every bin and point visible; training, versions, approval."""
