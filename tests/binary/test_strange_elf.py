"""ELF files, archives and code that lead a reader round in circles or ask for all memory: one line, at once."""

import struct
from collections.abc import Callable

import pytest

pytest.importorskip("elftools", reason="pyelftools is not installed")
pytest.importorskip("pypcode", reason="pypcode is not installed")
pytest.importorskip("unicorn", reason="unicorn is not installed")
pytest.importorskip("z3", reason="z3 is not installed")

from elf_builder import (
    ADDRESSES,
    BASE,
    CODE,
    FUNCTIONS,
    KIND,
    MEMBERS,
    NAME,
    NOBITS,
    PLACE,
    PROGBITS,
    STRP,
    Dwarf,
    Section,
    archive,
    elf,
    program,
    relocated,
    state,
    symbols,
    unlinked,
    word,
)

from otaproof.binary import elf_file, metered_bytes, struct_layout
from otaproof.binary.elf_file import LoadedSegment, parse_bootloader_elf
from otaproof.binary.emulator.core import CoreFault
from otaproof.binary.emulator.paged_memory import PAGE, PagedMemory, Rights
from otaproof.binary.emulator.riscv_core import RiscvCore
from otaproof.binary.linking import object_archive
from otaproof.binary.linking.object_linker import link_objects
from otaproof.binary.recovery import code_map
from otaproof.binary.recovery.program_image import read_image
from otaproof.binary.recovery.recovered_program import recover
from otaproof.errors import InputError


def doubling(levels: int) -> list[Section]:
    """Return structs of which each has two of the next one: 2^levels members."""
    found = word()
    for level in range(levels):
        inner = f"s{level + 1}" if level + 1 < levels else "word"
        found.structure(f"s{level}", 4, ("a", inner, 0), ("b", inner, 0))
    return found.typedef(KIND, "s0").sections()


def strings(length: int) -> list[Section]:
    """Return entries that all have one name, of that length."""
    found = Dwarf()
    for _ in range(2200):
        found.entry(BASE, (NAME, STRP, 0))
    return [*found.sections(), Section(".debug_str", b"A" * length + b"\0")]


def ranges(kind: str) -> list[Section]:
    """Return debug information, and a table of addresses that says nothing useful."""
    raw = {"short": b"\0" * 40, "endless": struct.pack("<IHIBB", 8, 2, 0, 4, 0) * 1000 + b"\1" * 4000}[kind]
    return [*state(), Section(".debug_aranges", raw)]


def test_what_is_built_here_is_read_where_nothing_is_strange() -> None:
    """Program, object and archive."""
    raw = unlinked(state(), ADDRESSES)
    for found in (
        parse_bootloader_elf(program(state()), "f"),
        link_objects(raw, "f"),
        link_objects(archive([(b"a.o/", raw)]), "f"),
    ):
        assert 160 == found.layout.size and 152 == found.layout.offsets["app_count"]
        assert CODE == found.bytes_at(found.function(FUNCTIONS[0]).address, 4)


@pytest.mark.parametrize(
    ("debug", "told"),
    [
        (state(size=1 << 60), "struct of 0x1000000000000000 bytes"),
        (state(members=(*MEMBERS, ("far", "word", 1 << 40))), "lie outside"),
        (state(members=(("x", "state", 0), ("y", "state", 0))), "too many"),
        (state(members=MEMBERS[1:]), "bootloader_state_t without the member ota_info.offset"),
        (doubling(14), "too many"),
        (word().typedef(KIND, "t", "t").sections(), "damaged ELF"),
        (Dwarf().sections(b"\xff" * 5000), "number of more than 4096 bytes"),
        (strings(1 << 14), "round in circles"),
        ([Section(".debug_info", bytes(1 << 17)), Section(".debug_abbrev", b"\0")], "units of compilation"),
        ([Section(".debug_info", b"\xff" * 40), Section(".debug_abbrev", b"\0")], "64 bits"),
        ([*state(), Section(".debug_line", kind=NOBITS, size=0xFFFFFFFF)], "bytes of debug information"),
        (
            [*state(), Section(".debug_line", struct.pack("<3I", 1, 0xFFFFFFFF, 1), PROGBITS, 0x800)],
            "of debug information",
        ),
        ([*state(), Section(".zdebug_info", b"ZLIB" + bytes(20))], "zdebug"),
        ([Section(".debug_info", b"", size=0xFFFFFFF0), Section(".debug_abbrev", b"\0")], "of debug information"),
    ],
)
def test_strange_debug_information_is_one_line(debug: list[Section], told: str) -> None:
    """Sizes, links that go back, and tables that overlap."""
    with pytest.raises(InputError, match=told) as error:
        parse_bootloader_elf(program(debug), "boot.elf")
    assert str(error.value).startswith("boot.elf: ") and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "debug",
    [
        word().structure("state", 160, *MEMBERS, sibling="state").typedef(KIND, "state").sections(),
        word()
        .typedef("t", "t", "t")
        .structure("state", 160, *MEMBERS, ("x", "t", 0))
        .typedef(KIND, "state")
        .sections(),
        state(members=(*MEMBERS, ("own", "state", 0))),
        ranges("short"),
        ranges("endless"),
    ],
    ids=["sibling", "name of itself", "struct in itself", "short ranges", "ranges"],
)
def test_links_that_are_not_needed_do_no_harm(debug: list[Section]) -> None:
    """The layout is told."""
    found = parse_bootloader_elf(program(debug, (*FUNCTIONS, "f")), "boot.elf")
    assert 152 == found.layout.offsets["app_count"]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (relocated(entry_size=12, info=1, offset=0xFFFFFFF0), "damaged ELF"),
        (relocated(entry_size=12, info=1, size=0xFFFFFFFC), "damaged ELF|names symbol"),
        (relocated(entry_size=0, info=1), "damaged ELF"),
        (unlinked([], [("f", 0, 0x32)]), "f has the binding STB_NUM"),
        (unlinked([Section(".bss", kind=NOBITS, flags=3, size=0xFFFFFFFF)], []), "to load"),
        (unlinked([Section(".data", b"", flags=3, size=100_000)], []), "ends behind the file"),
        (unlinked([Section(".data", b"ab", flags=3, align=0xFFFFFFFF)], []), "to load"),
        (unlinked([*state(), Section(".debug_line", kind=NOBITS, size=0xFFFFFFFF)], []), "of debug information"),
    ],
)
def test_strange_object_is_one_line(raw: bytes, told: str) -> None:
    """Relocations, bindings and sizes."""
    with pytest.raises(InputError, match=told) as error:
        link_objects(raw, "a.o")
    assert str(error.value).startswith("a.o: ") and "\n" not in str(error.value)


def test_name_of_a_member_has_a_bound() -> None:
    """Each of many members may name the whole table of long names: that would be their product in bytes."""
    names = archive([(b"//", b"A" * 100_000), (b"/0", unlinked([], [("f", 0, 0x32)]))])
    (found,) = object_archive.object_files(names, "a")
    assert len(found.name) == object_archive.MAX_NAME + len("a()")


@pytest.mark.parametrize(
    ("module", "limit", "most", "read"),
    [
        (elf_file, "MAX_SECTIONS", 3, lambda: parse_bootloader_elf(program(state()), "f")),
        (elf_file, "MAX_SEGMENTS", 0, lambda: parse_bootloader_elf(program(state()), "f")),
        (elf_file, "MAX_SYMBOLS", 2, lambda: parse_bootloader_elf(program(state()), "f")),
        (struct_layout, "MAX_MEMBERS", 3, lambda: parse_bootloader_elf(program(state()), "f")),
        (metered_bytes, "READS_PER_BYTE", -20, lambda: parse_bootloader_elf(program(state()), "f")),
        (object_archive, "MAX_OBJECTS", 1, lambda: link_objects(archive([(b"a/", unlinked([], []))] * 2), "f")),
        (code_map, "MAX_INSTRUCTIONS", 3, lambda: recovered(bytes.fromhex("13000000") * 8)),
        (code_map, "MAX_READ", 3, lambda: recovered(bytes.fromhex("13000000") * 8)),
    ],
    ids=["sections", "segments", "symbols", "members", "reads", "objects", "function", "instructions"],
)
def test_limit_holds(
    module: object, limit: str, most: int, read: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read within it is refused beyond it."""
    monkeypatch.setattr(module, limit, most)
    with pytest.raises(InputError, match=r"more than|too many|circles|no end|want 1 to 0"):
        read()


def test_count_of_sections_that_stands_elsewhere_has_the_limit_too() -> None:
    """Of 65,280 and more the first section tells it."""
    first = elf(symbols([], 2), section_count=0)
    table = struct.unpack_from("<I", first, 32)[0]
    raw = first[: table + 20] + struct.pack("<I", 0xFFFFFFFF) + first[table + 24 :]
    with pytest.raises(InputError, match="more than 65,536 sections"):
        parse_bootloader_elf(raw, "f")


def recovered(code: bytes) -> object:
    """Look for the functions of a program without symbols."""
    return recover(read_image(elf([Section(".text", code, flags=6)], code=code), "boot.elf"))


CALL_NEXT = bytes.fromhex("ef00800067800000")
"""jal ra, +8; ret."""


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (CALL_NEXT * 300 + CODE, "nested more than 200 deep"),
        (CALL_NEXT * 20 + CODE, "do not tell the chip"),
    ],
)
def test_strange_code_without_symbols_is_one_line(code: bytes, told: str) -> None:
    """A call in a call in a call."""
    with pytest.raises(InputError, match=told) as error:
        recovered(code)
    assert str(error.value).startswith("boot.elf: ") and "\n" not in str(error.value)


def test_memory_in_many_pieces_is_read_and_written() -> None:
    """An archive's sections are mapped one by one; more of them than Python calls functions in functions."""
    memory, length = PagedMemory(), 1500 * PAGE
    for page in range(1500):
        memory.map(page * PAGE, PAGE, Rights.READ | Rights.WRITE)
    assert memory.write(0, b"\1" * length) and b"\1" * length == memory.read(0, length)
    assert memory.read(PAGE, length) is None and not memory.write(PAGE, bytes(length))


def test_range_that_is_not_mapped_is_not_made_first() -> None:
    """bzero() of 4 GiB takes no memory."""
    core = RiscvCore([LoadedSegment(PLACE, b"\1" * 16)], {})
    core.fill(PLACE, 0, 8)
    assert bytes(8) + b"\1" * 8 == core.read(PLACE, 16)
    with pytest.raises(CoreFault, match="not all is mapped"):
        core.fill(PLACE, 0, 0xFFFFFFFF)
