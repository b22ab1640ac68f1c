"""From score to decision: policy, limits, prices, offers, applications, review by officers."""
