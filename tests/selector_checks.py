"""What the C core has to do as the board's twin does it; each check raises AssertionError where it does not."""

import itertools
from collections.abc import Callable
from functools import partial
from random import Random

from selector_core import Core, subclass_of
from selector_histories import (
    FIRST_APP,
    OTADATA,
    TORN,
    WHOLE,
    DrivenBootloader,
    DrivenCalls,
    Setting,
    TwinBootloader,
    TwinCalls,
    calls_from,
    draw_words,
    power_on_of,
)

from otaproof.impl.bootloader import NO_PARTITIONS
from otaproof.impl.by_turns.takeover import taken_over
from otaproof.impl.by_turns.turn_record import (
    FACTORY_PLACE,
    NO_PLACE,
    Turn,
    TurnKind,
    TurnPlaces,
    TurnState,
    decide,
    encode_record,
    next_record,
)
from otaproof.impl.chip.cells import SECTOR_SIZE, Cells
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.otadata import EntryPair, decode_entry, encode_entry, make_entry
from otaproof.impl.partitions.partition import Partition
from otaproof.model.config import Config, Selector

APPS = [
    Partition(f"app_{subtype:x}", 0, subtype, FIRST_APP + SECTOR_SIZE * at, SECTOR_SIZE)
    for at, subtype in enumerate((0x00, 0x10, 0x11, 0x12, 0x20))
]
TABLE = (Partition("otadata", 1, 0, OTADATA, 2 * SECTOR_SIZE), *APPS)
PLACES = (0, 1, 2, FACTORY_PLACE)
STATES = [TurnState(*each) for each in itertools.product(TurnKind, PLACES, (*PLACES, NO_PLACE))]


def setting_of(state: TurnState | None, rollback: bool, broken: tuple[int, ...] = ()) -> Setting:
    """Return a device with factory, three slots and the test app, and one record."""
    known = NO_PARTITIONS
    for row in TABLE:
        known = known.with_row(row)
    cells = Cells.erased(FIRST_APP + SECTOR_SIZE * len(APPS))
    for number, app in enumerate(APPS):
        cells = cells.with_bytes(app.offset, bytes([TORN if number in broken else WHOLE, 0]))
    if state is not None:
        cells = cells.with_bytes(OTADATA + SECTOR_SIZE, encode_record(5, state))
    return Setting(Config(rollback=rollback, selector=Selector.BY_TURNS), TABLE, known, cells, 0)


def check_calls(core: Core, rollback: bool) -> None:
    """Four places, four kinds, whatever runs, whatever is asked."""
    for state, running in itertools.product(STATES, APPS):
        setting = setting_of(state, rollback)
        twin, driven = (calls_from(setting, calls, running) for calls in (TwinCalls, subclass_of(DrivenCalls, core)))
        assert twin == driven, (state, running.label)


def check_boots(core: Core, rollback: bool) -> None:
    """Whatever images do not load."""
    for state in (None, *STATES):
        for count in range(len(APPS) + 1):
            for broken in itertools.combinations(range(len(APPS)), count):
                setting = setting_of(state, rollback, broken)
                twin = power_on_of(setting, TwinBootloader)
                assert twin == power_on_of(setting, subclass_of(DrivenBootloader, core)), (state, broken)


def check_takeovers(core: Core, slots: int, rollback: bool) -> None:
    """Numbers 1 to 5, all states, wrong check words and blank records."""
    singles = [encode_entry(make_entry(*each)) for each in itertools.product(range(6), (0, 1, 2, 3, 4, 7, 0xFFFFFFFF))]
    singles += [b"\xff" * 32, singles[9][:28] + bytes(4)]
    for first, second in itertools.product(singles, repeat=2):
        for has_factory in (True, False):
            turn = taken_over(
                EntryPair(decode_entry(first), decode_entry(second)), TurnPlaces(slots, has_factory), rollback
            )
            found = core.taken_over((first, second), slots, has_factory, rollback)
            assert (turn is None) == (found.what == 0)
            if turn is not None:
                assert (turn.sector, turn.seq) == (found.sector, found.seq)
                assert encode_record(1, turn.state)[4:8] == int(found.what).to_bytes(4, "little")


def check_numbers(core: Core, slots: int) -> None:
    """The next one that names the slot, to the end of those that are written."""
    for above in (*range(1, 40), *range(0xFFFFFFA0, 1 << 32)):
        record = encode_record(above, TurnState(TurnKind.VALID, 0, NO_PLACE))
        turn = core.deciding((record, record), slots, True)
        for place in (*range(slots), FACTORY_PLACE):
            state = TurnState(TurnKind.NEW, place, NO_PLACE)
            what = int.from_bytes(encode_record(1, state)[4:8], "little")
            turn_of_twin = Turn(state, 0, above)
            assert _record(partial(next_record, turn_of_twin, state, slots)) == _record(
                partial(core.record, turn, what, slots)
            )


def _record(make: Callable[[], bytes]) -> bytes | EspErr:
    try:
        return make()
    except OtaError as error:
        return error.code


def check_records(core: Core) -> None:
    """Those that are nearly whole: 60,000 of them."""
    random, places = Random(1), TurnPlaces(2, has_factory=True)
    for _ in range(30_000):
        pair = draw_words(random), draw_words(random)
        turn, found = decide(pair, places), core.deciding(pair, 2, True)
        assert (turn is None) == (found.what == 0)
        if turn is not None:
            assert (turn.sector, turn.seq) == (found.sector, found.seq)
            assert pair[found.sector][4:8] == int(found.what).to_bytes(4, "little")


def check_refusals(core: Core, rollback: bool) -> None:
    """A state follows where there is a way back, and it goes there."""
    for state, running in itertools.product(STATES, (*PLACES, NO_PLACE)):
        what = int.from_bytes(encode_record(1, state)[4:8], "little")
        back = core.word("obt_way_back", what, running, rollback)
        after = core.word("obt_refuse", what, running, rollback)
        settled = TurnState(TurnKind.VALID if back == FACTORY_PLACE else TurnKind.SELECTED, back, NO_PLACE)
        refused = encode_record(1, TurnState(TurnKind.TRIED, back, running) if rollback else settled)[4:8]
        assert after == (0x1505 if back == NO_PLACE else int.from_bytes(refused, "little"))
