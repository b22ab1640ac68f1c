"""Recorded marketplace orders in the files of the Olist data set: reader, catalog, replay, report."""
