"""Why a download did not end well: for good, or for now.

Only the two kinds of failure belong here; what is checked is in `transfert` and `controle`.
"""


class Refus(Exception):
    """It cannot succeed by trying again at once.

    Attributes:
        constat: what was found, without a full stop.
        remede: what to do, when the usual advice does not fit.
        injoignable: the server could not be reached at all, and will not be for the next product either.

    """

    def __init__(self, constat: str, remede: str | None = None, *, injoignable: bool = False) -> None:
        super().__init__(constat)
        self.constat = constat
        self.remede = remede
        self.injoignable = injoignable


class Passager(Exception):
    """It may succeed in a moment.

    Attributes:
        constat: what happened, without a full stop.
        attente_s: how long to wait before another try, when the server or the reason says so.
        injoignable: the server could not be reached at all.

    """

    def __init__(self, constat: str, attente_s: float | None = None, *, injoignable: bool = False) -> None:
        super().__init__(constat)
        self.constat = constat
        self.attente_s = attente_s
        self.injoignable = injoignable
