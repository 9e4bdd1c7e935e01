"""In what gen_esp32part.py, which makes and checks partition tables, differs between versions of ESP-IDF.

Who makes a table is the build, so the version of the application decides; the newest where nothing names one. A rule
that is not here is the same from 3.3 to 6.2-dev.

Source: components/partition_table/gen_esp32part.py of each tag from v3.3-dev on (without release candidates), of the
tips of the release branches and of master; the tags of a rule are the first of their branches whose file has it. The
symbols are named beside each rule.
"""

from ..release_rules import ReleaseRule, rule

# PartitionTable.verify, PartitionDefinition.parse_subtype and SUBTYPES: one commit in each branch.
_OTADATA = "4.1.3 4.2.3 4.3.2 4.4-beta1"

NAMES_EFUSE = rule("names_efuse", "The data subtype efuse has a name.", "3.3-beta2")  # SUBTYPES
WANTS_ONE_OTADATA = rule(
    "wants_one_otadata",
    "A table with two otadata partitions, or with one that has not 0x2000 bytes, is refused.",
    _OTADATA,
)
KNOWS_UNDEFINED = rule(
    "knows_undefined",
    "A blank subtype is 6, which is named undefined, and an app must have one; before, a blank subtype is 0.",
    _OTADATA,
)
ALIGNS_DATA_TO_SECTORS = rule(  # ALIGNMENT, STRICT_DATA_ALIGNMENT
    "aligns_data_to_sectors",
    "All partitions but apps begin at multiples of 0x1000; before, of 4.",
    "5.0-beta1",
)
NAMES_LITTLEFS = rule(  # SUBTYPES
    "names_littlefs",
    "The data subtype littlefs has a name.",
    "5.0.7 5.1.4 5.2-beta1",
)
KNOWS_READONLY = rule(  # PartitionDefinition.FLAGS, always_rw_data_subtypes in verify
    "knows_readonly",
    "There is a flag readonly, which otadata and core dumps may not have.",
    "5.2-beta1",
)
WANTS_WHOLE_APP_SECTORS = rule(  # get_alignment_size_for_type
    "wants_whole_app_sectors",
    "The size of an app is a multiple of 0x1000; before, only with secure boot.",
    "5.3-beta1",
)
NAMES_TABLE_AND_BOOTLOADER = rule(  # TYPES, SUBTYPES
    "names_table_and_bootloader",
    "The types bootloader and partition_table have names, with the subtype ota.",
    "5.4-beta1",
)
READS_BYTE_ORDER_MARK = rule(  # get_encoding
    "reads_byte_order_mark",
    "A CSV may begin with a byte order mark and be in UTF-16; before, such a mark is a part of the first line.",
    "5.4.2 5.5-beta1 6.0-beta1",
)
PLACES_TABLE_AND_BOOTLOADER = rule(  # parse_size, parse_address
    "places_table_and_bootloader",
    "The build gives the places of primary and recovery bootloader and of the primary table, and all their sizes.",
    "5.5-beta1",
)
KNOWS_TEE = rule(  # NUM_PARTITION_SUBTYPE_APP_TEE, SUBTYPES, PartitionTable.verify
    "knows_tee",
    "The subtypes tee_0, tee_1 and tee_ota have names, and there is at most one of the last, of 0x2000 bytes.",
    "5.5-beta1",
)
WANTS_SMALL_NVS_READONLY = rule(  # NVS_RW_MIN_PARTITION_SIZE
    "wants_small_nvs_readonly",
    "An nvs of less than 0x3000 bytes has the flag readonly.",
    "5.5-beta1",
)
GENERATOR_RULES = (
    NAMES_EFUSE,
    WANTS_ONE_OTADATA,
    KNOWS_UNDEFINED,
    ALIGNS_DATA_TO_SECTORS,
    NAMES_LITTLEFS,
    KNOWS_READONLY,
    WANTS_WHOLE_APP_SECTORS,
    NAMES_TABLE_AND_BOOTLOADER,
    READS_BYTE_ORDER_MARK,
    PLACES_TABLE_AND_BOOTLOADER,
    KNOWS_TEE,
    WANTS_SMALL_NVS_READONLY,
)
"""Of the generator, as APP_RULES and BOOTLOADER_RULES are of what it makes tables for."""


def whose(found: ReleaseRule) -> str:
    """Return what an error says of the rule behind it, in brackets: the versions that have it."""
    return f" (a rule of ESP-IDF {found.versions})"


def known_to(found: ReleaseRule) -> str:
    """Return what an error says of something that only the versions with this rule know, in brackets."""
    return f" (known to ESP-IDF {found.versions})"
