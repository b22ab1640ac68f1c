class ServiceError(Exception):
    """An embedded server cannot run; the text is one sentence with the remedy."""
