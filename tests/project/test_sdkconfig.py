"""What sdkconfig files say. Where a test names Kconfig, the expectation is what kconfgen makes of such a file."""

import pytest

from otaproof.errors import InputError
from otaproof.project.sdkconfig import Sdkconfig, given_options, parse_sdkconfig


def raw_values(sdkconfig: Sdkconfig) -> dict[str, str]:
    """Return the options by name, as they were written."""
    return {name: option.raw for name, option in sdkconfig.options.items()}


def test_every_form_of_an_assignment_is_read() -> None:
    """Switches, strings and numbers keep their spelling; comments and empty lines say nothing."""
    text = '\n# comment\nCONFIG_A=y\nCONFIG_B=n\n# CONFIG_C is not set\nCONFIG_D="x y"\nCONFIG_E=0x8000\nCONFIG_F=-1\n'
    assert {"A": "y", "B": "n", "C": "n", "D": '"x y"', "E": "0x8000", "F": "-1"} == raw_values(
        parse_sdkconfig(text, "sdkconfig")
    )


def test_carriage_returns_and_byte_order_mark_are_no_part_of_a_value() -> None:
    """Windows editors add both."""
    assert {"A": "y", "B": '"t"'} == raw_values(parse_sdkconfig('\ufeffCONFIG_A=y\r\nCONFIG_B="t"\r\n', "f"))


def test_comment_behind_a_value_is_no_part_of_it() -> None:
    """ESP-IDF's own example fragments have such comments; in a string # is a character."""
    text = 'CONFIG_A=n  # only for now.\nCONFIG_B="a # b"  # text\n'
    assert {"A": "n", "B": '"a # b"'} == raw_values(parse_sdkconfig(text, "f"))


def test_last_assignment_wins() -> None:
    """As in Kconfig, whatever form it has."""
    assert {"A": "n"} == raw_values(parse_sdkconfig("CONFIG_A=y\n# CONFIG_A is not set\n", "f"))


def test_option_tells_file_and_line() -> None:
    """Lines count from 1."""
    assert "sdkconfig:3" == parse_sdkconfig("#\n\nCONFIG_A=y\n", "sdkconfig").options["A"].place


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("CONFIG_A", "it is neither CONFIG_NAME=VALUE nor a comment"),
        ("CONFIG_A =y", "a blank stands before ="),
        ("  CONFIG_A=y", "it is indented"),
        ("BOOTLOADER_APP_ROLLBACK_ENABLE=y", "CONFIG_ is missing"),
        ("<<<<<<< HEAD", "a merge left it behind"),
        ('CONFIG_A="x', "the closing quote of its text is missing"),
    ],
)
def test_line_that_kconfig_passes_over_is_kept_with_its_place(line: str, why: str) -> None:
    """Kconfig only warns of such a line, and goes on."""
    sdkconfig = parse_sdkconfig(f"CONFIG_B=y\n{line}\nCONFIG_C=y\n", "sdkconfig")
    assert {"B": "y", "C": "y"} == raw_values(sdkconfig)
    assert [f"sdkconfig:2: {line!r} does not count: {why}"] == [str(passed) for passed in sdkconfig.passed_over]


def test_line_that_does_not_count_outlives_the_files_that_are_read_later() -> None:
    """It is told whatever they say."""
    both = parse_sdkconfig("A=y\n", "first").overlaid(parse_sdkconfig("CONFIG_A=y\n", "second"))
    assert ["first:1"] == [passed.place for passed in both.passed_over]


def test_text_ends_at_its_quote_whatever_follows() -> None:
    """As in Kconfig."""
    assert {"A": '"x"'} == raw_values(parse_sdkconfig('CONFIG_A="x" y\n', "f"))


def test_commented_out_option_is_a_comment() -> None:
    """Only "# CONFIG_X is not set", blank and all, unsets an option."""
    assert {"A": "y"} == raw_values(parse_sdkconfig("CONFIG_A=y\n#CONFIG_A is not set\n# CONFIG_A=n\n", "f"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("APP_ROLLBACK_ENABLE", "BOOTLOADER_APP_ROLLBACK_ENABLE"),
        ("APP_ANTI_ROLLBACK", "BOOTLOADER_APP_ANTI_ROLLBACK"),
        ("APP_SECURE_VERSION_SIZE_EFUSE_FIELD", "BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD"),
        ("FLASH_ENCRYPTION_ENABLED", "SECURE_FLASH_ENC_ENABLED"),
        ("ESP32_ENABLE_COREDUMP_TO_FLASH", "ESP_COREDUMP_ENABLE_TO_FLASH"),
    ],
)
def test_option_of_an_older_release_gets_its_new_name(old: str, new: str) -> None:
    """As the sdkconfig.rename files of ESP-IDF have it."""
    assert {new: "y"} == raw_values(parse_sdkconfig(f"CONFIG_{old}=y\n", "f"))


def test_block_of_deprecated_names_says_nothing() -> None:
    """It repeats the file under old names and may be out of date."""
    text = (
        "# CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE is not set\n"
        "# Deprecated options for backward compatibility\n"
        "CONFIG_APP_ROLLBACK_ENABLE=y\n"
        "# End of deprecated options\n"
        "CONFIG_B=y\n"
    )
    assert {"BOOTLOADER_APP_ROLLBACK_ENABLE": "n", "B": "y"} == raw_values(parse_sdkconfig(text, "f"))


def test_header_tells_the_release_that_wrote_the_file() -> None:
    """From 5.0 on; the line and the text are kept."""
    text = "#\n# Espressif IoT Development Framework (ESP-IDF) 5.4.1 Project Configuration\n#\n"
    release = parse_sdkconfig(text, "sdkconfig").release
    assert release is not None
    assert ("5.4.1", "sdkconfig:2") == (release.raw, release.place)


def test_header_without_a_release_tells_none() -> None:
    """As 4.4 writes it."""
    text = "# Espressif IoT Development Framework (ESP-IDF) Project Configuration\n"
    assert None is parse_sdkconfig(text, "sdkconfig").release


def test_later_file_overrules_earlier_file() -> None:
    """sdkconfig is read after sdkconfig.defaults; the place tells which file had the last word."""
    defaults = parse_sdkconfig("CONFIG_A=y\nCONFIG_B=y\n", "sdkconfig.defaults")
    merged = defaults.overlaid(parse_sdkconfig("# CONFIG_A is not set\n", "sdkconfig"))
    assert [("n", "sdkconfig:1"), ("y", "sdkconfig.defaults:2")] == [
        (merged.options[name].raw, merged.options[name].place) for name in "AB"
    ]


def test_value_marked_as_default_does_not_overrule_a_choice() -> None:
    """Kconfig keeps A=y here; the mark holds for one line."""
    defaults = parse_sdkconfig("CONFIG_A=y\nCONFIG_B=y\n", "sdkconfig.defaults")
    later = parse_sdkconfig("# default:\n# CONFIG_A is not set\n# CONFIG_B is not set\n", "sdkconfig")
    assert {"A": "y", "B": "n"} == raw_values(defaults.overlaid(later))


def test_options_stand_in_the_order_of_their_last_assignment() -> None:
    """The last y decides a choice of several options."""
    assert ["B", "A"] == list(parse_sdkconfig("CONFIG_A=y\nCONFIG_B=y\nCONFIG_A=y\n", "f").options)


def test_option_of_the_command_line_needs_no_quotes() -> None:
    """A shell takes them away; switches and numbers have none."""
    given = given_options(["CONFIG_S=esp32s3", "CONFIG_A=y", "CONFIG_H=0x9000", 'CONFIG_T="t"'], "--config")
    assert {"S": '"esp32s3"', "A": "y", "H": "0x9000", "T": '"t"'} == raw_values(given)


@pytest.mark.parametrize("assignment", ["CONFIG_A", "A=y", "# CONFIG_A is not set", ""])
def test_anything_else_on_the_command_line_is_an_error(assignment: str) -> None:
    """The message names the argument and the form wanted."""
    with pytest.raises(InputError, match=r"^--config: .*want CONFIG_NAME=VALUE"):
        given_options([assignment], "--config")


def test_assignment_that_does_not_count_is_kept_with_what_overrides_it() -> None:
    """Within a file each by the next one, across files by the later file; a default by the choice before it."""
    parsed = parse_sdkconfig("CONFIG_A=1\nCONFIG_B=2\nCONFIG_A=3\n# default:\nCONFIG_B=4\n", "f")
    laid_over = parsed.overlaid(parse_sdkconfig("CONFIG_A=5\n", "g"))
    assert [("1", "f:1", "f:3"), ("4", "f:5", "f:2"), ("3", "f:3", "g:1")] == [
        (option.raw, option.place, option.overridden_by and option.overridden_by.place)
        for option in laid_over.overridden
    ]


def test_name_of_an_older_release_is_kept_as_it_is_written() -> None:
    """For whoever has to find the line."""
    parsed = parse_sdkconfig("CONFIG_APP_ROLLBACK_ENABLE=y\nCONFIG_X=y\n", "f")
    assert ["APP_ROLLBACK_ENABLE", ""] == [option.written for option in parsed.options.values()]


@pytest.mark.parametrize("raw", ["y" + " " * 100_000, "y" + " " * 100_000 + "x", '"y"' + " " * 100_000])
def test_long_run_of_blanks_is_read_like_a_short_one(raw: str) -> None:
    """In time that grows with the line, not with its square, which would be minutes."""
    parsed = parse_sdkconfig(f"CONFIG_X={raw}\n", "f")
    assert raw.rstrip() == parsed.options["X"].raw
