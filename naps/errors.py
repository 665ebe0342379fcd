"""The one exception that a user is meant to read."""

from __future__ import annotations


class InputError(ValueError):
    """Something the user gave cannot be used; the message names it and says what to do.

    The command line prints the message as a single line and exits with code 2.
    """


class UtteranceError(InputError):
    """One utterance cannot be used; the rest of the corpus can.

    Parameters
    ----------
    reason : str
        A short word for the drop log, such as ``"unreadable"`` or ``"too_short"``.
    message : str
        The full sentence for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
