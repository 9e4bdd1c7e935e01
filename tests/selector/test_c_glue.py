"""The glue of the selector, between its core and ESP-IDF: built without a warning, and run beside the board's twin."""

from pathlib import Path

import pytest
from selector_core import NO_COMPILER, has_compiler
from selector_glue import FOLDER, Glue, GlueBootloader, GlueCalls, build_glue, is_mixed
from selector_histories import Difference, play_beside

from otaproof.model.config import Config

pytestmark = pytest.mark.skipif(not has_compiler(), reason=NO_COMPILER)

Classes = dict[tuple[bool, bool], tuple[type, type]]


def classes_of(folder: Path, glue: Path = FOLDER) -> Classes:
    """Return bootloader and calls for each configuration, which is one build each."""
    built = {}
    for rollback, anti_rollback in ((False, False), (True, False), (True, True)):
        here = folder / f"{rollback}-{anti_rollback}"
        here.mkdir()
        one: Glue = build_glue(here, Config(rollback=rollback, anti_rollback=anti_rollback), glue)
        made = type("GlueBootloader", (GlueBootloader,), {"glue": one}), type("GlueCalls", (GlueCalls,), {"glue": one})
        built[rollback, anti_rollback] = made
    return built


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Classes:
    """Return those of the glue as it is."""
    return classes_of(tmp_path_factory.mktemp("glue"))


def play_all(classes: Classes, first: int, past: int) -> None:
    """Play histories; raises Difference."""
    for seed in range(first, past):
        play_beside(lambda config: classes[config.rollback, config.anti_rollback], seed, is_mixed)


@pytest.mark.parametrize("part", range(2))
def test_random_histories_of_the_glue(classes: Classes, part: int) -> None:
    """It calls the core, ESP-IDF and flash as the twin does, operation by operation; 3,000 of them."""
    play_all(classes, 1_500 * part, 1_500 * (part + 1))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_a_hundred_thousand_random_histories_of_the_glue(classes: Classes, part: int) -> None:
    """The same."""
    play_all(classes, 3_000 + 5_000 * part, 3_000 + 5_000 * (part + 1))


MUTANTS = [
    ("app/ota_by_turns.c", "lets 5.5 erase a record", "if (is_opening && ", "if (false && "),
    ("otadata_in_flash.h", "believes the driver", "? ESP_ERR_FLASH_OP_FAIL : err", "? ESP_OK : err"),
    ("otadata_in_flash.h", "programs all at once", ": OBT_FIRST_PART", ": (uint32_t)sizeof(obt_record_t)"),
    ("app/ota_by_turns.c", "writes what is there", "if (what == device->turn.what) { return ESP_OK; }", ""),
    ("app/ota_by_turns.c", "goes back to what is broken", "is_image_whole(back) && ", ""),
    ("app/ota_by_turns.c", "selects what is broken", "is_image_whole(partition) ? set_boot", "true ? set_boot"),
    (
        "app/ota_by_turns.c",
        "burns without a trial",
        "ANTI_ROLLBACK && is_on_trial(device)",
        "ANTI_ROLLBACK",
    ),
    ("app/ota_by_turns.c", "writes what was selected", ": sessions[at].slot)", ": OBT_NO_PLACE)"),
    ("otadata_in_flash.h", "does not read back", "&& (memcmp(&found, &record, sizeof(found)) == 0)", ""),
    (
        "bootloader/boot_by_turns.c",
        "notes what does not load",
        "return esp_image_verify(",
        "return 0 * esp_image_verify(",
    ),
    ("bootloader/boot_by_turns.c", "does not note a try", "if (after != selected) {", "if (false) {"),
    ("bootloader/boot_by_turns.c", "tries in the order of the table", "order.ota[count - 1U - at]", "order.ota[at]"),
    (
        "bootloader/boot_by_turns.c",
        "does not note a first boot",
        "if (is_first) { update(obt_first(places[at])); }",
        "",
    ),
]


@pytest.mark.parametrize(("file", "_", "old", "new"), MUTANTS, ids=[f"{each[0][:3]}: {each[1]}" for each in MUTANTS])
def test_mutant_of_the_glue_is_caught(file: str, _: str, old: str, new: str, tmp_path: Path) -> None:
    """Glue with one thing wrong differs from the twin."""
    for name in ("app/ota_by_turns.c", "bootloader/boot_by_turns.c", "otadata_in_flash.h"):
        text = (FOLDER / name).read_text()
        copy = tmp_path / name
        copy.parent.mkdir(exist_ok=True)
        assert name != file or text.count(old) == 1
        copy.write_text(text.replace(old, new) if name == file else text)
    classes = classes_of(tmp_path, tmp_path)
    with pytest.raises(Difference):
        play_all(classes, 0, 2_500)
