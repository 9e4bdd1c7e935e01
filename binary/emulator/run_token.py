"""Tokens of runs: a case, what disturbs it, and the configuration, in a line of text. The program comes beside it.

The text is "otb1." and the base64url of a deflated JSON list.
"""

from dataclasses import dataclass
from typing import Any

from ...campaign.token_packing import pack_token, unpack_token
from ...campaign.token_text import decode_config, encode_config
from ...impl.chip.flash import Failure, FailureExtent, PlannedCut
from ...impl.chip.torn_operations import Torn
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.partition import Partition
from ...model.config import Config, ResetReason
from .boot_cases import BLANK_APP, DAMAGES, TABLES, BootCase
from .comparison import Disturbance
from .otadata_pairs import OtadataPair

PREFIX = "otb1."
_BOOT_PARTS = 7
"""Of a boot; a selection has fewer."""
_MOST_SLOTS, _MOST_SECTORS, _MOST_ROWS, _MOST_FLASH = 16, 16, 95, 1 << 27
_NAMES = {table: name for name, table in TABLES.items()}


@dataclass(frozen=True, slots=True)
class RunToken:
    """A run, to be repeated."""

    case: OtadataPair | BootCase
    disturbance: Disturbance
    config: Config


def encode_run_token(token: RunToken) -> str:
    """Return the text of a token."""
    case, cut = token.case, token.disturbance.cut
    parts: list[object]
    if isinstance(case, OtadataPair):
        parts = [case.app_count, case.has_factory, case.is_encrypted, case.otadata_size]
    else:
        table = _NAMES.get(case.table) or [[p.label, p.type, p.subtype, p.offset, p.size] for p in case.table]
        parts = [table, case.damage, list(case.damaged), list(case.versions), case.efuse_bits]
        parts += [case.flash_size, case.reason.value]
    record = [
        [record.hex() for record in case.records],
        parts,
        None if cut is None else [cut.op, str(cut.torn)],
        [[failure.op, failure.done.value] for failure in token.disturbance.failures],
        encode_config(token.config),
    ]
    return pack_token(PREFIX, record)


def decode_run_token(text: str) -> RunToken:
    """Return the token that a text holds; raises InputError for anything else."""
    return unpack_token(PREFIX, text, _decode)


def _decode(record: Any) -> RunToken:
    records, parts, cut, failures, config = record
    first, second = (bytes.fromhex(one) for one in records)
    if len(first) != ENTRY_SIZE or len(second) != ENTRY_SIZE:
        raise ValueError("a record is not 32 bytes")
    disturbance = Disturbance(
        None if cut is None else PlannedCut(_number(cut[0]), Torn.parse(cut[1])),
        tuple(Failure(_number(op), FailureExtent(done)) for op, done in failures),
    )
    token = RunToken(_case((first, second), parts), disturbance, decode_config(config))
    if isinstance(token.case, BootCase):
        # Raises ValueError where its partitions do not fit its flash.
        token.case.cells(token.config)
    return token


def _case(records: tuple[bytes, bytes], parts: Any) -> OtadataPair | BootCase:
    if len(parts) == _BOOT_PARTS:
        return _boot(records, *parts)
    count, has_factory, is_encrypted, size = parts
    if not 0 <= _number(count) <= _MOST_SLOTS or not 0 <= _number(size) <= _MOST_SECTORS << 12:
        raise ValueError("a number is out of range")
    return OtadataPair(records, count, bool(has_factory), bool(is_encrypted), size)


def _boot(
    records: tuple[bytes, bytes],
    table: Any,
    damage: str,
    damaged: list[int],
    versions: list[int],
    efuse_bits: int,
    flash_size: int,
    reason: str,
) -> BootCase:
    rows = TABLES[table] if isinstance(table, str) else tuple(_row(*row) for row in table)
    kept = tuple(BLANK_APP if version == BLANK_APP else _number(version) for version in versions)
    boot = BootCase(
        rows,
        damage,
        tuple(map(_number, damaged)),
        records,
        kept,
        _number(efuse_bits),
        _number(flash_size),
        ResetReason(reason),
    )
    if damage not in DAMAGES or len(rows) > _MOST_ROWS or len(kept) not in (0, len(boot.apps)):
        raise ValueError("names a partition table that this version cannot have")
    if boot.reason not in (ResetReason.POWER_ON, ResetReason.DEEP_SLEEP):
        raise ValueError("no boot is run after such a reset")
    if flash_size > _MOST_FLASH:
        raise ValueError("no flash is as large")
    return boot


def _row(label: str, kind: int, subtype: int, offset: int, size: int) -> Partition:
    return Partition(str(label), _number(kind), _number(subtype), _number(offset), _number(size))


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 32:
        raise ValueError("a number is out of range")
    return value
