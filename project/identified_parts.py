"""What a file is, part by part, and what each part tells of its build: a release, options, and how sure that is.

    stated      it says so itself: in a description, in its header, or where it logs its own release
    evidence    something is in it that only such a build has, or lacks what every other build has
    cannot tell nothing in it shows it; nothing is ever guessed

A bootloader of a low log level says little. Its options show in texts that are compiled with one of two settings; where
both settings leave the same texts behind, only its code could tell (`otaproof binary prove`).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from ..impl.chip.chips import CHIPS
from ..impl.image.format import APP_DESC_OFFSET, AppDesc
from ..impl.partitions.table import ROW_SIZE, TABLE_MAX_LENGTH
from ..model.config import Chip
from ..model.idf_version import IdfVersion
from .bootloader_marks import branches_by_marks, logged_release, newest_branch, read_description
from .flash_parts import FlashPart, PartKind, chip_of, decoded_table, flash_parts
from .image_evidence import ImageEvidence, app_evidence, bootloader_evidence

ROLLBACK, ANTI_ROLLBACK = "rollback", "anti-rollback"
SKIPS = {
    "skips validation at a wake-up": "4.1",
    "skips validation at power-on": "4.3",
    "skips validation always": "4.3",
}
"""Names of facts, and the branch that brought each option."""
_FIRST_WITH_ROLLBACK = "3.3"
_COMPILED = re.compile(rb"compile time ((?:[A-Z][a-z]{2} [ \d]\d \d{4} )?\d\d:\d\d:\d\d)")
_SELECT = "bootloader_utility_get_selected_boot_partition"
_OF_ANTI_ROLLBACK, _OF_WAKE_UP = "esp_efuse_check_secure_version", "bootloader_utility_load_boot_image_from_deep_sleep"
"""Functions that ESP-IDF's own bootloaders link only with the option."""
_LOGS_DEBUG = b"Mapping seq %"
_LOGS_INFO = b"No factory image, trying OTA 0"
_LOGS_ERRORS = b"Factory test app partition%s"
_ABORTS = b"] is marking as ABORTED"
_CHECKS_VERSION = b"Enabled a check secure version of app for anti rollback"
_FAST_BOOT = b"Fast booting is not successful"
_SAME_TEXTS = "at its log level both settings leave the same texts"


RollbackInCode = tuple[bool, str]
"""Whether a bootloader's own code has rollback, and what shows it."""


class Sureness(Enum):
    """How sure a fact is."""

    STATED = "stated"
    EVIDENCE = "evidence"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a part tells of its build."""

    name: str
    value: str | None
    """None where it cannot be told."""
    sureness: Sureness
    why: str
    """What shows it, or why nothing does."""

    @property
    def text(self) -> str:
        """The value, or that it cannot be told."""
        return self.value if self.value is not None else self.sureness.value


@dataclass(frozen=True, slots=True)
class ProgramBytes:
    """A bootloader or an application as far as it is read here, from an image or an ELF file."""

    contents: bytes
    """All that is loaded, in which texts are looked for."""
    described: bytes | None
    """What begins where a description would; None where nobody can tell where that is."""
    chip: Chip | None
    symbols: frozenset[str] = frozenset()
    """Names of functions; none where the file tells none."""

    def is_linked(self, function: str) -> bool | None:
        """Tell whether a function is in it; None where it does not tell the names of its functions."""
        return function in self.symbols if _SELECT in self.symbols else None


@dataclass(frozen=True, slots=True)
class IdentifiedPart:
    """One part of a file, and what it tells."""

    part: FlashPart
    chip: Chip | None
    """None for a partition table, and where it cannot be told."""
    facts: tuple[Fact, ...]


def identify_parts(
    contents: bytes, read_code: Callable[[bytes], RollbackInCode | None] = lambda image: None
) -> tuple[IdentifiedPart, ...]:
    """Return what lies in an image, a merged file or a dump; nothing where no part is known.

    read_code: says of a bootloader's image what its machine code shows; None where it shows nothing."""
    found = []
    for part in flash_parts(contents):
        image = contents[part.offset : part.offset + part.size]
        if part.kind is PartKind.TABLE:
            rows = decoded_table(contents, part.offset)
            facts: tuple[Fact, ...] = (_stated("partitions", ", ".join(row.label for row in rows)), *_table_end(image))
        elif part.kind is PartKind.APP:
            facts = image_facts(image, is_app=True)
        else:
            facts = image_facts(image, is_app=False)
            if any(fact.name == ROLLBACK and fact.value is None for fact in facts):
                facts = image_facts(image, is_app=False, code=read_code(image))
        found.append(IdentifiedPart(part, chip_of(image), facts))
    return tuple(found)


def _table_end(raw: bytes) -> Iterator[Fact]:
    """Yield that a table is cut off, where its file ends with its rows."""
    if len(raw) < TABLE_MAX_LENGTH and not raw.endswith(b"\xff" * ROW_SIZE):
        yield _stated("terminating row of 0xff", "missing: this is no whole table", f"the file ends at byte {len(raw)}")


def application_facts(evidence: ImageEvidence) -> tuple[Fact, ...]:
    """Return what an application tells."""
    if evidence.desc is None:
        return (Fact("ESP-IDF release", None, Sureness.UNKNOWN, "it has no description"), _app_rollback(evidence))
    facts = description_facts(evidence.desc)
    if evidence.is_arduino:
        arduino = Fact("framework", "Arduino", Sureness.EVIDENCE, "its project is that of Arduino's libraries")
        return (*facts, arduino, _app_rollback(evidence))
    return (*facts, _app_rollback(evidence))


def description_facts(desc: AppDesc) -> tuple[Fact, ...]:
    """Return what the description of an application says."""
    stated = {
        "ESP-IDF release": desc.idf_ver,
        "project": desc.project_name,
        "version": desc.version,
        "compiled": f"{desc.date} {desc.time}".strip(),
        "secure version": str(desc.secure_version),
    }
    return tuple(_stated(name, value, "its description") for name, value in stated.items() if value)


def bootloader_facts(program: ProgramBytes, code: RollbackInCode | None = None) -> tuple[Fact, ...]:
    """Return what a bootloader tells. code: what its machine code shows, where somebody has looked at it."""
    release, newest = _release(program)
    anti = _anti_rollback(program, newest)
    return (
        release,
        _compiled(program),
        _rollback(program.contents, newest, anti, code),
        anti,
        *_skips(program, newest),
    )


def image_facts(contents: bytes, is_app: bool, code: RollbackInCode | None = None) -> tuple[Fact, ...]:
    """Return what an image tells: its program, then its header. code: as bootloader_facts has it."""
    evidence = app_evidence(contents, "") if is_app else bootloader_evidence(contents, "")
    if evidence is None:
        return ()
    size = evidence.flash_size
    facts = [] if size is None else [_stated("flash size", f"{size >> 20} MB", "its header")]
    if evidence.least_revision:
        revision = f"v{evidence.least_revision // 100}.{evidence.least_revision % 100}"
        facts.append(_stated("least chip revision", revision, "its header"))
    if is_app:
        return (*application_facts(evidence), *facts)
    program = ProgramBytes(contents, contents[APP_DESC_OFFSET:], chip_of(contents))
    return (*bootloader_facts(program, code), *facts)


def _stated(name: str, value: str, why: str = "its rows") -> Fact:
    return Fact(name, value, Sureness.STATED, why)


def _app_rollback(evidence: ImageEvidence) -> Fact:
    if evidence.has_rollback:
        return Fact(ROLLBACK, "on", Sureness.EVIDENCE, "it logs what only a build with rollback can")
    return Fact(ROLLBACK, None, Sureness.UNKNOWN, "no text of it shows which")


def _release(program: ProgramBytes) -> tuple[Fact, str | None]:
    """Return what is told of the release, and the newest branch that it can be of."""
    name, described = "ESP-IDF release", read_description(program.described or b"")
    if described is not None:
        return _stated(name, described.release, "its description"), newest_branch(described.release)
    logged = logged_release(program.contents)
    if logged is not None:
        return _stated(name, logged, "it logs it at its start"), newest_branch(logged)
    branches = branches_by_marks(program.contents, program.chip, program.described is not None)
    if branches is None:
        return Fact(name, None, Sureness.UNKNOWN, "no description, no log, and no name of a source file tells"), None
    lacks = "" if program.described is None else "no description, and "
    why = f"{lacks}in it: {', '.join(branches.marks)}"
    return Fact(name, str(branches), Sureness.EVIDENCE, why), branches.newest


def _compiled(program: ProgramBytes) -> Fact:
    described = read_description(program.described or b"")
    if described is not None and described.compiled:
        return _stated("compiled", described.compiled, "its description")
    match = _COMPILED.search(program.contents)
    if match is not None:
        return _stated("compiled", match[1].decode(), "it logs it at its start")
    return Fact("compiled", None, Sureness.UNKNOWN, "neither a description nor its log tells")


def _rollback(contents: bytes, newest: str | None, anti: Fact, code: RollbackInCode | None) -> Fact:
    if code is not None:
        return Fact(ROLLBACK, "on" if code[0] else "off", Sureness.EVIDENCE, code[1])
    if _ABORTS in contents:
        return Fact(ROLLBACK, "on", Sureness.EVIDENCE, "it logs that it marks an entry ABORTED")
    if anti.value == "on":
        return Fact(ROLLBACK, "on", Sureness.EVIDENCE, "anti-rollback is on, which needs it")
    if _is_before(newest, _FIRST_WITH_ROLLBACK):
        return Fact(ROLLBACK, "off", Sureness.EVIDENCE, f"releases before {_FIRST_WITH_ROLLBACK} have none")
    if _LOGS_DEBUG in contents:
        return Fact(ROLLBACK, "off", Sureness.EVIDENCE, "it logs debug messages, and none of an entry marked ABORTED")
    return Fact(ROLLBACK, None, Sureness.UNKNOWN, _SAME_TEXTS)


def _anti_rollback(program: ProgramBytes, newest: str | None) -> Fact:
    linked, contents = program.is_linked(_OF_ANTI_ROLLBACK), program.contents
    if newest is not None and linked is not None:
        return Fact(ANTI_ROLLBACK, "on" if linked else "off", Sureness.EVIDENCE, _linked(_OF_ANTI_ROLLBACK, linked))
    if _CHECKS_VERSION in contents:
        return Fact(ANTI_ROLLBACK, "on", Sureness.EVIDENCE, "it logs that it checks secure versions")
    if _is_before(newest, _FIRST_WITH_ROLLBACK):
        return Fact(ANTI_ROLLBACK, "off", Sureness.EVIDENCE, f"releases before {_FIRST_WITH_ROLLBACK} have none")
    if _LOGS_INFO in contents:
        return Fact(ANTI_ROLLBACK, "off", Sureness.EVIDENCE, f"it logs {_LOGS_INFO.decode()!r}, as only without it")
    return Fact(ANTI_ROLLBACK, None, Sureness.UNKNOWN, _SAME_TEXTS)


def _skips(program: ProgramBytes, newest: str | None) -> tuple[Fact, ...]:
    """Return what is told of each option: the last one selects that of a wake-up on all chips that have it.

    Source: components/bootloader/Kconfig.projbuild, BOOTLOADER_SKIP_VALIDATE_ALWAYS."""
    wake_up, power_on, always = (_skip(name, first, program, newest) for name, first in SKIPS.items())
    selects = program.chip is not None and CHIPS[program.chip].has_rtc_fast_memory
    if always.value is None and wake_up.value == "no" and selects:
        always = Fact(always.name, "no", Sureness.EVIDENCE, f"it would skip at a wake-up as well, and {wake_up.why}")
    return wake_up, power_on, always


def _skip(name: str, first: str, program: ProgramBytes, newest: str | None) -> Fact:
    if _is_before(newest, first):
        return Fact(name, "no", Sureness.EVIDENCE, f"releases before {first} cannot")
    if not name.endswith("wake-up"):
        return Fact(name, None, Sureness.UNKNOWN, "it shows in no text, only in what its code does")
    linked = program.is_linked(_OF_WAKE_UP)
    if newest is not None and linked is not None:
        return Fact(name, "yes" if linked else "no", Sureness.EVIDENCE, _linked(_OF_WAKE_UP, linked))
    if _FAST_BOOT in program.contents:
        return Fact(name, "yes", Sureness.EVIDENCE, "it logs a fast boot that fails")
    if newest is not None and _LOGS_ERRORS in program.contents:
        return Fact(name, "no", Sureness.EVIDENCE, "it logs errors, and none of a fast boot")
    return Fact(name, None, Sureness.UNKNOWN, _SAME_TEXTS)


def _linked(function: str, is_linked: bool) -> str:
    return f"its function {function} is {'' if is_linked else 'not '}linked"


def _is_before(newest: str | None, branch: str) -> bool:
    """Tell whether all releases that a bootloader can be of are of branches before one."""
    return newest is not None and IdfVersion.parse(newest).branch < IdfVersion.parse(branch).branch
