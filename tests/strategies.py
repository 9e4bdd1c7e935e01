"""All strategies of Hypothesis that the tests draw from."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from slot_moves import WORDS, make_record
from small_boards import BROKEN, IMAGE, OUTLINES, UPDATE, Outline

from otaproof.campaign.history.history import SmallDevice
from otaproof.impl.app.otaupgrade import LuaValue
from otaproof.impl.chip.flash import Failure, FailureExtent, PlannedCut
from otaproof.impl.chip.torn_operations import ONE_UNIT_PATTERNS, Torn
from otaproof.model.config import Config, Release

Interruption = PlannedCut | Failure | None

ENTRY_BITS = 8 * 32
"""An otadata entry has as many bits as there are patterns of one unit."""
STATE_WORD = range(24, 28)
"""Bytes of an entry."""


def configs() -> SearchStrategy[Config]:
    """Builds without anti-rollback: any release in the bootloader, any other in the application."""
    releases = st.sampled_from(Release)
    return st.builds(Config, rollback=st.booleans(), app_release=releases, bootloader_release=releases)


def rarely() -> SearchStrategy[bool]:
    """True once in a while."""
    return st.sampled_from([False] * 9 + [True])


def outlines() -> SearchStrategy[Outline]:
    """Two or three slots, with and without factory."""
    return st.sampled_from(OUTLINES)


def entries(slot_count: int) -> SearchStrategy[bytes]:
    """Entries that another build or tool left in otadata: blank, of any state, or of none."""
    numbers = st.integers(1, 3 * slot_count)
    words = st.sampled_from([*WORDS.values(), 5, 0x100])
    return st.just(b"\xff" * 32) | st.builds(make_record, numbers, words) | st.binary(min_size=32, max_size=32)


def images() -> SearchStrategy[bytes]:
    """What a download may bring: good, damaged and truncated images, and what is none."""
    good = st.sampled_from([IMAGE, UPDATE])
    truncated = st.builds(lambda image, length: image[:length], good, st.integers(1, len(IMAGE) - 1))
    trailing = good.map(lambda image: image + b"\xff" * 100)
    return good | good | st.just(BROKEN) | truncated | trailing | st.just(b"\xe9") | st.just(b"Not an image")


def chunk_sizes() -> SearchStrategy[int]:
    """Bytes handed to one write(): from one to a whole image."""
    return st.sampled_from([1, 2, 15, 16, 17, 256, 600, 4096])


def complete_arguments() -> SearchStrategy[tuple[LuaValue, ...]]:
    """Arguments of complete(): absent, nil, numbers, and what is no number."""
    return st.sampled_from([(), (None,), (1,), (1,), (0,), (b"x",), (True,)])


def tears() -> SearchStrategy[Torn]:
    """Ways to tear an operation, of every fault model; the state word of an entry more often than chance would."""
    lengths = st.integers(0, 40) | st.integers(0, 4096)
    state_bits = st.sampled_from([8 * byte + bit for byte in STATE_WORD for bit in range(8)])
    patterns = st.integers(0, 2 * ENTRY_BITS + 1000)
    return st.one_of(
        st.sampled_from(["before", "after"]).map(Torn.parse),
        lengths.map(lambda length: Torn.parse(f"prefix:{length}")),
        lengths.map(lambda length: Torn.parse(f"partial:{length}")),
        st.sampled_from(STATE_WORD).map(lambda byte: Torn.parse(f"bytes:0.{byte}")),
        patterns.map(lambda pattern: Torn.parse(f"bytes:0.{pattern}")),
        state_bits.map(lambda bit: Torn.parse(f"bits:0.{bit}")),
        state_bits.map(lambda bit: Torn.parse(f"bits:0.{ONE_UNIT_PATTERNS + bit}")),
        patterns.map(lambda pattern: Torn.parse(f"bits:0.{pattern}")),
    )


def interruptions(last_op: int) -> SearchStrategy[Interruption]:
    """Nothing, mostly; or a cut in, or a failure of, one of the operations 0 … last_op."""
    ops = st.integers(0, last_op)
    cuts = st.builds(PlannedCut, ops, tears())
    failures = st.builds(Failure, ops, st.sampled_from(FailureExtent))
    return st.integers(0, 8).flatmap(lambda n: st.none() if n < 6 else failures if n == 6 else cuts)


def small_devices() -> SearchStrategy[SmallDevice]:
    """Devices as they are delivered: any build, one to three slots, a factory partition or not."""

    def device(config: Config, slots: int, has_factory: bool) -> SmallDevice:
        return SmallDevice(config, tuple(range(slots)), has_factory, (("factory" if has_factory else "ota_0", 0),))

    releases = st.sampled_from(Release)
    builds = st.sampled_from([(False, False), (True, False), (True, True)]).flatmap(
        lambda build: st.builds(
            Config,
            rollback=st.just(build[0]),
            anti_rollback=st.just(build[1]),
            skip_validate_in_deep_sleep=st.booleans(),
            app_release=releases,
            bootloader_release=releases,
        )
    )
    return st.builds(device, builds, st.integers(1, 3), st.booleans())


def chunk_bounds() -> SearchStrategy[list[int]]:
    """Where an image of 1000 bytes is divided; not inside the secure version of its description."""
    return st.lists(st.sampled_from([1, 16, 32, 40, 255, 256, 300, 512, 700, 999]), max_size=3, unique=True).map(sorted)


def places_of_cuts() -> SearchStrategy[tuple[int, Torn, int] | None]:
    """Mostly no cut; else which operation (modulo as many as there are), its tear, and the bits of a burn done."""
    cut = st.tuples(st.integers(0, 40), tears(), st.integers(0, 3))
    return st.integers(0, 3).flatmap(lambda n: cut if n == 0 else st.none())
