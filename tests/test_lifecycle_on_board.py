"""The board moves every slot by the life-cycle table: each pair of records, each call and reset, whole and cut.

Records are put into otadata as another program would, so that states are met that no run of calls reaches.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import pytest
from slot_moves import FactoryReset, Moment, make_record, reported, situations
from small_boards import (
    OTADATA,
    OUTLINES,
    SECTOR_SIZE,
    UPDATE,
    WORDS,
    Outline,
    call,
    call_of,
    moment_of,
    read_records,
    reset,
    running_slot,
    with_records,
)

from otaproof.impl.board import App, Board
from otaproof.impl.faults import AFTER, BEFORE, Torn
from otaproof.impl.flash import Cut, Failure, FailureExtent
from otaproof.impl.resets import PowerCut
from otaproof.model.config import Config, Release
from otaproof.model.lifecycle import (
    ROWS,
    TABLE,
    Event,
    Kind,
    NoSuchMove,
    Row,
    Write,
    allowed_rows,
    whole_row,
)
from otaproof.model.situation import State

RESETS = (Event.POWER_ON, Event.FACTORY_RESET, Event.WAKE)
RELEASES = (Release.V5_1, Release.V5_5, Release.V6_0)
"""One of each set of rules that the table tells apart."""
BLANK = b"\xff" * 32
BAD_CHECK = make_record(3, 2)[:28] + b"\x00" * 4
SAMPLE = 24
"""By default one case in so many is played."""
TEARS = [
    *(Torn.parse(text) for text in ("before", "after", "prefix:3", "prefix:24", "prefix:30", "partial:2", "partial:26")),
    *(Torn.parse(f"bytes:0.{byte}") for byte in range(24, 28)),
    *(Torn.parse(f"bits:0.{8 * 24 + bit}") for bit in range(4)),
]
"""Whole, by prefix, and one byte or bit of the state word unfinished."""
