"""The script that reads the rules of a release in the text of its sources."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from read_releases import NOT_TOLD, PROBES, Sources, TextProbe, body_of, read_tag, sources_of, tags_of

from otaproof.impl.partitions.generator_rules import GENERATOR_RULES
from otaproof.impl.release_rules import APP_RULES, BOOTLOADER_RULES

OTA = "components/app_update/esp_ota_ops.c"
OF_5_1_2 = """
esp_err_t esp_ota_begin(const esp_partition_t *partition, size_t image_size, esp_ota_handle_t *out_handle)
{
    if (image_size != OTA_WITH_SEQUENTIAL_WRITES) {
        ret = esp_partition_erase_range(partition, 0, partition->size);
    }
    *out_handle = new_entry->handle;
}

esp_err_t esp_ota_write(esp_ota_handle_t handle, const void *data, size_t size)
{
    if (it->need_erase) {
        uint32_t last_sector = (it->wrote_size + size) / SPI_FLASH_SEC_SIZE;
    }
}
"""
"""Made up, with what the probes look for."""
OF_5_1_3 = OF_5_1_2.replace(
    "    if (it->", "    if (size == 0) {\n        return ESP_OK;\n    }\n    if (it->"
).replace("(it->wrote_size + size)", "(it->wrote_size + size - 1)")


def files(texts: Mapping[str, str]) -> Sources:
    """Return the files of a version that has these alone."""

    def read(path: str) -> str | None:
        return texts.get(path)

    return read


def told(texts: Mapping[str, str], tag: str) -> tuple[set[str], set[str]]:
    """Return the rules that the files of a version are said to have, and those that differ from what is known."""
    reading = read_tag(tag, files(texts))
    return set(reading.has), set(reading.differ)


def test_every_rule_has_a_probe_or_says_why_not() -> None:
    """A rule that is added needs one."""
    names = [rule.name for rule in (*APP_RULES, *BOOTLOADER_RULES, *GENERATOR_RULES)]
    assert sorted(names) == sorted([*PROBES, *NOT_TOLD])


def test_rules_of_a_version_are_told_by_its_text() -> None:
    """The empty write and the sector too many change between 5.1.2 and 5.1.3."""
    assert ({"knows_sequential_writes", "erases_sector_too_many"}, set()) == told({OTA: OF_5_1_2}, "v5.1.2")
    assert ({"knows_sequential_writes", "write_ignores_empty"}, set()) == told({OTA: OF_5_1_3}, "v5.1.3")


def test_a_text_of_another_version_differs() -> None:
    """In the two rules, by name."""
    assert {"write_ignores_empty", "erases_sector_too_many"} == told({OTA: OF_5_1_2}, "v5.1.3")[1]


def test_what_is_not_there_is_not_told() -> None:
    """Neither a file nor a function, but where its absence says it."""
    reading = read_tag("v5.1.3", files({}))
    assert {"resume_refuses_pending", "honours_readonly"} <= set(reading.agree)
    assert {"write_ignores_empty", "asserts_description", "loads_by_4_4"} <= set(reading.not_told)
    assert () == reading.has


@pytest.mark.parametrize(
    ("text", "expected"), [("a b", True), ("a b d", False), ("a", False), ("b", None), (None, None)]
)
def test_a_probe_wants_one_text_and_not_another(text: str | None, expected: bool | None) -> None:
    """`needs` first, then both."""
    probe = TextProbe("x.c", "b", without="d", needs="a")
    assert expected is probe.holds(files({} if text is None else {"x.c": text}))


def test_a_call_is_no_definition() -> None:
    """The body of a function ends at the brace in the first column."""
    body = "static int f(int a,\n             int b)\n{\n    if (a) {\n    }\n    x;\n}"
    text = f"int g(void)\n{{\n    f(1);\n}}\n\n{body}\ny;\n"
    assert body == body_of("f", text)
    assert body_of("h", text) is None


def test_tags_of_a_clone_are_read_by_git(tmp_path: Path) -> None:
    """Those that name a known version; a file that a tag has not is None."""

    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
            check=True,
            capture_output=True,
        )

    git("init", "-b", "trunk")
    (tmp_path / "components/app_update").mkdir(parents=True)
    (tmp_path / OTA).write_text(OF_5_1_3)
    git("add", ".")
    git("commit", "-m", "one")
    for tag in ("v5.1.3", "v5.2-rc1", "v5.2-beta1", "v2.0", "nightly"):
        git("tag", tag)
    git("branch", "release/v5.1")
    assert {"v5.1.3", "v5.2-beta1", "release/v5.1"} == set(tags_of(tmp_path))
    sources = sources_of(tmp_path, "v5.1.3")
    assert (OF_5_1_3, None) == (sources(OTA), sources("nowhere.c"))
