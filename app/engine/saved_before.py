"""What earlier runs left in the database, for the start of a run."""

from collections.abc import Awaitable, Callable

import msgspec

from app.core.errors import DataError, NotSavedError
from app.store.reader import Reader
from app.store.store import Store


async def saved_before(store: Store, read: Callable[[Reader], Awaitable[bytes]]) -> tuple[bytes, str]:
    """What a run begins with, empty when nothing is stored; and why that is not known, empty when it is.

    Whoever is told a reason saves nothing in the place of what may be there. `read` is what one part of the engine
    wants to know; it may raise what decoding raises.
    """
    try:
        return await read(store.reader()), ""
    except NotSavedError as error:
        return b"", f"{error}; then start this one again"
    except (DataError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        return b"", f"{error}; move the database aside to begin anew"
