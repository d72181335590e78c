"""What the status of an answer over HTTP says of the venue behind it."""

TOO_MANY = 429
"""The status of a call beyond a limit."""


def is_answering(status: int) -> bool:
    """Whether a venue that says this answers: what it refuses of one question is an answer, that it is busy is none."""
    return 200 <= status < 500 and status != TOO_MANY
