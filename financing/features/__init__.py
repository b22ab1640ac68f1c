"""From facts to features: the lake of facts, the exporter, and one Ibis expression per feature."""
