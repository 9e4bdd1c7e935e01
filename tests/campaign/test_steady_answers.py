"""Up to where a question has the same answer for certain, byte by byte of a torn operation, against asking it."""

from collections.abc import Iterator
from random import Random

import pytest

from otaproof.campaign.device_under_test import Holds
from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.flash import Query
from otaproof.impl.chip.growing_prefix import GrowingPrefix
from otaproof.impl.image.format import build_image
from otaproof.impl.image.verify import DataQuestion, HeaderQuestion
from otaproof.impl.image.verify_rules import Rules, VerifyMode, rules_of
from otaproof.model.config import Config

SLOT, SIZE = 0x10000, 0x4000
IMAGES = [build_image(size=9000, version="1", seed=seed) for seed in (1, 2)]
BLANK = Cells.erased(SLOT + SIZE)
RULES: Rules = rules_of(Config(), VerifyMode.BOOTLOADER_LOAD)
QUESTIONS: list[Query] = [
    DataQuestion(SLOT, SIZE, RULES),
    HeaderQuestion(SLOT, SIZE, RULES, ((SLOT, 24), (SLOT + 24, 8))),
    Holds(SLOT, IMAGES[0]),
    Holds(SLOT, IMAGES[1]),
]


def with_done(before: Cells, after: Cells, address: int, count: int) -> Cells:
    """Return the chip with so many bytes done."""
    return before.with_bytes(address, after.read(address, count))


def operations(random: Random) -> Iterator[tuple[Cells, Cells, int, int]]:
    """Yield (before, after, address, bytes) of erases and programs: of whole images, and with a few bytes of others."""
    image, other = random.sample(IMAGES, 2)
    held = BLANK.with_bytes(SLOT, image)
    for sector in range(SLOT, SLOT + 0x3000, 0x1000):
        yield held, held.with_bytes(sector, b"\xff" * 0x1000), sector, 0x1000
        blank = held.with_bytes(sector, b"\xff" * 0x1000)
        yield blank, held, sector, 0x1000
        yield blank, blank.with_bytes(sector, other[sector - SLOT :][:0x1000]), sector, 0x1000
    start = random.randrange(len(image) - 200)
    noise = held.with_bytes(SLOT + start, random.randbytes(100))
    yield noise, held, SLOT + start, 100
    yield held, noise, SLOT + start, 100


@pytest.mark.parametrize("seed", range(4))
def test_answer_is_the_same_up_to_there(seed: int) -> None:
    """At each byte in between; and the steps are few, so that something is gained."""
    asked = looked_at = 0
    for before, after, address, length in operations(Random(seed)):
        for question in QUESTIONS:
            done = 0
            while done < length - 1:
                cells = with_done(before, after, address, done)
                until = question.steady_until(GrowingPrefix(cells, after, address, done, length - 1))
                assert done <= until < length
                for count in range(done, until + 1, 1 if length < 0x1000 else 41):
                    there = with_done(before, after, address, count)
                    assert question.ask(there) == question.ask(cells), (question, address, done, count)
                there = with_done(before, after, address, until)
                assert question.ask(there) == question.ask(cells)
                asked, looked_at, done = asked + 1, looked_at + until + 1 - done, until + 1
    assert asked < looked_at / 5


def test_image_that_becomes_whole_is_not_passed_over() -> None:
    """The last byte but one of a program is missing: with it, and the last, the image is there."""
    image = IMAGES[0]
    before = BLANK.with_bytes(SLOT, image[:8192])
    after = BLANK.with_bytes(SLOT, image)
    growing = GrowingPrefix(before, after, SLOT + 8192, 0, 0xFFF)
    length = len(image) - 8192
    for question in (Holds(SLOT, image), DataQuestion(SLOT, SIZE, RULES)):
        until = question.steady_until(growing)
        assert until < length
        done = with_done(before, after, SLOT + 8192, length)
        assert question.ask(done) != question.ask(before)
    # What fills the image up is blank, and there already.
    assert Holds(SLOT, image).steady_until(growing) == len(image.rstrip(b"\xff")) - 8192 - 1
    assert Holds(SLOT, IMAGES[1]).steady_until(growing) == 0xFFF
