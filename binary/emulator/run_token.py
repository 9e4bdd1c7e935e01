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
from ...model.config import Config
from .boot_cases import BLANK_APP, DAMAGES, TABLES, BootCase
from .comparison import Disturbance
from .otadata_pairs import OtadataPair

PREFIX = "otb1."
_MOST_SLOTS, _MOST_SECTORS, _MOST_BURNED = 16, 16, 16


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
        parts = [case.table, case.damage, list(case.damaged), list(case.versions), case.burned]
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
    return RunToken(_case((first, second), parts), disturbance, decode_config(config))


def _case(records: tuple[bytes, bytes], parts: Any) -> OtadataPair | BootCase:
    if isinstance(parts[0], str):
        table, damage, damaged, versions, burned = parts
        if table not in TABLES or damage not in DAMAGES:
            raise ValueError("names a partition table that this version does not know")
        apps = sum(partition.is_app for partition in TABLES[table])
        kept = tuple(BLANK_APP if version == BLANK_APP else _number(version) for version in versions)
        if len(kept) not in (0, apps) or _number(burned) > _MOST_BURNED:
            raise ValueError("a secure version is missing or out of range")
        return BootCase(table, damage, tuple(map(_number, damaged)), records, kept, burned)
    count, has_factory, is_encrypted, size = parts
    if not 0 <= _number(count) <= _MOST_SLOTS or not 0 <= _number(size) <= _MOST_SECTORS << 12:
        raise ValueError("a number is out of range")
    return OtadataPair(records, count, bool(has_factory), bool(is_encrypted), size)


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 32:
        raise ValueError("a number is out of range")
    return value
