"""Errors that a user of the command reads, with the exit code each one means.

Only errors that a user can act on belong here; their messages are in French and say what was expected.
A programming error is not wrapped: it must show its traceback.
"""


class ObservatoireError(Exception):
    """Base of the errors shown to a user as one message, without a traceback."""

    exit_code = 1


class DonneesRefusees(ObservatoireError):
    """The data was refused (exit code 1): the message names the file, the rule, the rows and what to do."""

    exit_code = 1


class MauvaisUsage(ObservatoireError):
    """The command was called with something that cannot be understood (exit code 2)."""

    exit_code = 2
