"""Why a file is not taken: each one sentence that names the place and the remedy."""


class UnreadableFile(ValueError):
    """Base: the file is refused as a whole."""


class MalformedFile(UnreadableFile):
    """It is not well-formed XML, or not what its schema asks for."""


class UnknownFormat(UnreadableFile):
    """It is another message, or another version of it, than is read here."""


class FileTooLarge(UnreadableFile):
    """It is larger than is read here."""


class ContradictoryFile(UnreadableFile):
    """Its own sums and counts do not agree with what is in it."""
