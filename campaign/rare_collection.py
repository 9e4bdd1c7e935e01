"""Less looking for garbage while much is played."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_COLLECTING = 20_000, 20, 50


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """Let Python look for garbage less often: there is little, and what models keep is looked through each time."""
    before = gc.get_threshold()
    gc.set_threshold(*_COLLECTING)
    try:
        yield
    finally:
        gc.set_threshold(*before)
