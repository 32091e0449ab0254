"""A call that must end in time, however slowly the other side answers.

The time-out of a socket is that of one reading: a server that sends a byte now and then never meets it.
"""

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(secondes: float, appel: Callable[[], T], tardif: Callable[[T], object] = lambda _: None) -> T:
    """Return what a call returns, or raise what it raises.

    Args:
        secondes: how long it may take, however the time is spent.
        appel: the call, made in a thread that ends with the process.
        tardif: told of what the call returns once nobody waits for it any more.

    Raises:
        TimeoutError: it took longer.

    """
    reponses: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()
    renonce = threading.Event()

    def run() -> None:
        try:
            reponse = appel()
        except Exception as error:
            reponses.put((None, error))
            return
        reponses.put((reponse, None))
        if renonce.is_set():
            tardif(reponse)

    threading.Thread(target=run, daemon=True).start()
    try:
        reponse, error = reponses.get(timeout=secondes)
    except queue.Empty:
        renonce.set()
        raise TimeoutError from None
    if error is not None:
        raise error
    return reponse  # type: ignore[return-value]
