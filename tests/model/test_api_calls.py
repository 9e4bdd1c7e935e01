"""The calls of ESP-IDF's own in the device model: what each asks, what it leaves, and what it forgets."""

import pytest

from otaproof.model.config import Config, Release
from otaproof.model.device.records import Check, Word
from otaproof.model.device.state import Content, Expectation, Ghost, Scope, Task, Usage
from otaproof.model.device.stepper import State, Stepper, stepper

BOOT = ("power_on", "boot_starts", "fresh_erases", "fresh_programs", "image_begins")
WRITTEN = ("commence", "commence_erases", "write_first", "write_rest")
MARKED = ("complete", "complete_erases", "complete_programs")
RESTART = ("restart", "boot_starts", "image_begins")
TRIED = ("restart", "boot_tries_new", "try_erases", "try_programs", "image_begins")
ACCEPTED = ("accept", "accept_erases", "accept_programs")
SELECTED = ("set_boot_erases", "set_boot_programs")


def scope_of(
    release: Release, rollback: bool = True, slots: int = 2, anti_rollback: bool = False, usage: Usage = Usage.ANY
) -> Scope:
    """Return a scope with all ghosts."""
    config = Config(rollback=rollback, anti_rollback=anti_rollback, app_release=release, bootloader_release=release)
    return Scope(config, slots, usage=usage, ghosts=frozenset(Ghost))


def walk(scope: Scope, *names: str) -> tuple[Stepper, State]:
    """Take the actions, each of which has to be possible."""
    steps = stepper(scope)
    state = steps.initial
    for name in names:
        after = steps.step(state, name)
        assert after is not None, f"{name} is not possible"
        state = after
    return steps, state


def fields_after(scope: Scope, *names: str) -> dict[str, int]:
    """Return the fields after the actions."""
    steps, state = walk(scope, *names)
    return dict(steps.as_dict(state))


def can(scope: Scope, name: str, *before: str) -> bool:
    """Tell whether an action is possible after others."""
    steps, state = walk(scope, *before)
    return steps.step(state, name) is not None


def test_documented_use_has_none_of_the_calls() -> None:
    """They are those of an application that calls ESP-IDF itself."""
    words = ("set_boot_", "session_", "write_over", "erase_last", "forget_last")
    for usage in (Usage.DOCUMENTED, Usage.RESTART_AT_ONCE):
        model = stepper(scope_of(Release.V5_5, usage=usage)).model
        names = {action.name for action in model.actions} - {"set_boot_erases", "set_boot_programs"}
        assert not {name for name in names if name.startswith(words)}
        assert not {field.name for field in model.fields} & {"asked", "other_session"}


def test_a_slot_is_selected_if_its_image_verifies() -> None:
    """IDF-OTA-SET-BOOT: an empty slot, a part of an image and a damaged image are refused."""
    scope = scope_of(Release.V5_1)
    assert not can(scope, "set_boot_ota_1", *BOOT)
    assert not can(scope, "set_boot_ota_1", *BOOT, *WRITTEN[:3])
    assert not can(scope, "set_boot_ota_1", *BOOT, *WRITTEN[:3], "write_rest_broken")
    assert can(scope, "set_boot_ota_1", *BOOT, *WRITTEN)


def test_the_slot_that_was_asked_for_is_the_one_that_starts() -> None:
    """Of three, not the next one round; and it is what is expected then."""
    scope = scope_of(Release.V6_0, rollback=False, slots=3)
    second = (*WRITTEN, *MARKED, *RESTART, *WRITTEN, *MARKED, *RESTART)
    fields = fields_after(scope, *BOOT, *second, "set_boot_ota_1", *SELECTED)
    assert (2, Task.RUN, 0) == (fields["running"], fields["task"], fields["asked"])
    assert (Expectation.SELECTED, 1) == (fields["expectation"], fields["expected"])
    assert 1 == fields_after(scope, *BOOT, *second, "set_boot_ota_1", *SELECTED, *RESTART)["running"]
    assert 0 == fields_after(scope, *BOOT, *second, "set_boot_ota_0", *SELECTED, *RESTART)["running"]


def test_a_selected_image_counts_as_verified() -> None:
    """complete() is not the only call that verifies; a whole image that nobody asked for does not count."""
    scope = scope_of(Release.V5_1)
    assert not fields_after(scope, *BOOT, *WRITTEN)["slot1_is_finished"]
    assert fields_after(scope, *BOOT, *WRITTEN, "set_boot_ota_1")["slot1_is_finished"]


def test_a_selected_image_comes_under_test() -> None:
    """Also one that was accepted before."""
    scope = scope_of(Release.V6_0)
    way = (*BOOT, *WRITTEN, *MARKED, *TRIED, *ACCEPTED, "set_boot_ota_0", *SELECTED)
    fields = fields_after(scope, *way)
    assert Word.NEW in (fields["record0_word"], fields["record1_word"])
    assert 0 == fields_after(scope, *way, *TRIED)["running"]


def test_a_selected_image_whose_version_is_too_old_is_erased() -> None:
    """With anti-rollback: the slot is wiped, otadata stays, and the application runs on."""
    scope = scope_of(Release.V6_0, anti_rollback=True)
    first = ("write_first_version_2", "write_rest", *MARKED, *TRIED, *ACCEPTED, "burn_accept_burns")
    way = (*BOOT, "commence", "commence_erases", *first)
    assert not can(scope, "set_boot_ota_0", *way)
    before, after = (
        fields_after(scope, *way),
        fields_after(scope, *way, "set_boot_ota_0_rejects", "set_boot_reject_erases"),
    )
    assert (Content.COMPLETE, Content.EMPTY) == (before["slot0_content"], after["slot0_content"])
    assert (Task.RUN, 1) == (after["task"], after["running"])
    assert {n: v for n, v in before.items() if "record" in n} == {n: v for n, v in after.items() if "record" in n}


def test_an_abort_closes_the_session_and_writes_nothing() -> None:
    """The image stays, marked by nobody."""
    scope = scope_of(Release.V5_1)
    before, after = fields_after(scope, *BOOT, *WRITTEN), fields_after(scope, *BOOT, *WRITTEN, "session_abort")
    assert before | {"session": 0} == after
    assert not can(scope, "session_abort", *BOOT)


@pytest.mark.parametrize("release", Release)
def test_resume_is_there_from_5_5_on_and_takes_what_is_there(release: Release) -> None:
    """Nothing is erased, neither slot nor record; IDF-OTA-RESUME."""
    scope = scope_of(release)
    way = (*BOOT, *WRITTEN[:3], *RESTART)
    assert (release >= Release.V5_5) == can(scope, "session_resume", *way)
    if release >= Release.V5_5:
        before, after = fields_after(scope, *way), fields_after(scope, *way, "session_resume")
        assert before | {"session": 1} == after
        assert can(scope, "complete", *way, "session_resume", "write_rest")


@pytest.mark.parametrize("release", [r for r in Release if r >= Release.V5_5])
def test_resume_under_test_is_refused_by_the_development_branch_alone(release: Release) -> None:
    """R27: esp_ota_begin refuses it everywhere."""
    way = (*BOOT, *WRITTEN, *MARKED, *TRIED)
    assert not can(scope_of(release), "commence", *way)
    assert (release < Release.V6_2_DEV) == can(scope_of(release), "session_resume", *way)


@pytest.mark.parametrize("release", Release)
def test_a_second_handle_erases_what_the_first_has_written_and_leaves_it_open(release: Release) -> None:
    """Before 6.1; from then on the second one is refused."""
    scope = scope_of(release)
    assert (release < Release.V6_1) == can(scope, "commence", *BOOT, *WRITTEN[:3])
    if release < Release.V6_1:
        fields = fields_after(scope, *BOOT, *WRITTEN[:3], *WRITTEN[:2])
        assert (1, 1, Content.EMPTY) == (fields["session"], fields["other_session"], fields["slot1_content"])
    else:
        assert "other_session" not in fields_after(scope, *BOOT)


def test_the_end_of_one_session_leaves_the_other_to_damage_what_is_marked() -> None:
    """The expectation that the marked image starts goes with the image."""
    scope = scope_of(Release.V6_0)
    way = (*BOOT, "commence", "commence_erases", *WRITTEN, *MARKED)
    fields = fields_after(scope, *way)
    assert (0, 1, Expectation.MARKED) == (fields["session"], fields["other_session"], fields["expectation"])
    assert not can(scope, "write_over", *way)
    fields = fields_after(scope, *way, "session_switch", "write_over")
    assert (1, 0, Content.BROKEN) == (fields["session"], fields["other_session"], fields["slot1_content"])
    assert (Expectation.NONE, 0) == (fields["expectation"], fields["slot1_is_finished"])


def test_handles_end_with_the_program() -> None:
    """A restart closes both."""
    fields = fields_after(scope_of(Release.V6_0), *BOOT, "commence", "commence_erases", *WRITTEN, "restart")
    assert (0, 0) == (fields["session"], fields["other_session"])


def test_the_last_boot_is_erased_slot_first_then_record() -> None:
    """IDF-OTA-ERASE-LAST; what was known of the slot is forgotten, an accepted image is still expected to stay."""
    scope = scope_of(Release.V5_1)
    way = (*BOOT, *WRITTEN, *MARKED, *TRIED, *ACCEPTED)
    assert fields_after(scope, *way)["slot0_is_finished"]
    between = fields_after(scope, *way, "erase_last_boot", "erase_last_erases")
    assert (Content.EMPTY, Check.RIGHT) == (between["slot0_content"], between["record0_check"])
    after = fields_after(scope, *way, "erase_last_boot", "erase_last_erases", "forget_last_erases")
    assert (Check.EMPTY, Check.RIGHT, Task.RUN) == (after["record0_check"], after["record1_check"], after["task"])
    assert (0, 0) == (after["slot0_is_finished"], after["slot0_is_earned"])
    assert (Expectation.ACCEPTED, 1) == (after["expectation"], after["expected"])


def test_the_slot_that_runs_is_not_erased_as_the_last_boot() -> None:
    """Nor is anything, where there is but one record."""
    scope = scope_of(Release.V5_1)
    assert not can(scope, "erase_last_boot", *BOOT)
    assert not can(scope, "erase_last_boot", *BOOT, *WRITTEN, *MARKED)
