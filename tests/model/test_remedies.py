"""Remedies in the device model: what each forbids, what it still permits, and that it changes nothing else."""

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest

from otaproof.analysis.results.result_parts import RemedyName
from otaproof.model.config import Config, Release
from otaproof.model.device import remedy_steps
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.model import build_model, device_model
from otaproof.model.device.remedy_steps import GUARDS, remedied
from otaproof.model.device.scope_text import scope_title
from otaproof.model.device.state import Device, Ghost, Scope, Task, Usage
from otaproof.model.device.stepper import State, Stepper
from otaproof.model.fault_model import FaultModel
from otaproof.model.remedies import REMEDIES, Remedy
from otaproof.model.terms.terms import Bool, fact

BEGUN = "power_on boot_starts fresh_erases fresh_programs image_begins"
DOWNLOAD = "commence commence_erases write_first write_rest"
MARK = "complete complete_erases complete_programs"
TRY = "restart boot_tries_new try_erases try_programs image_begins"
ACCEPT = "accept accept_erases accept_programs"
ERASE = "erase_last_boot erase_last_erases forget_last_erases"
MARKED = f"{BEGUN} {DOWNLOAD} {MARK}"
TRIED = f"{MARKED} {TRY}"
ACCEPTED = f"{TRIED} {ACCEPT}"
UNCHECKED = f"{MARKED} restart boot_starts image_begins"
"""Without rollback."""
PLAIN = Scope(Config(rollback=True), usage=Usage.DOCUMENTED, ghosts=frozenset(Ghost))
NO_ROLLBACK = replace(PLAIN, config=Config())

CASES: dict[Remedy, tuple[Scope, str, str, str]] = {
    Remedy.ERASE_LAST_BOOT: (PLAIN, "commence", ACCEPTED, f"{ACCEPTED} {ERASE}"),
    Remedy.ACCEPT_ON_TRIAL: (NO_ROLLBACK, "accept", UNCHECKED, ""),
    Remedy.NEVER_ROLLBACK: (PLAIN, "rollback", TRIED, ""),
    Remedy.ROLLBACK_ON_TRIAL: (PLAIN, "rollback", ACCEPTED, TRIED),
    Remedy.ROLLBACK_IF_SELECTED: (PLAIN, "rollback", MARKED, ACCEPTED),
    Remedy.COMMENCE_IF_SELECTED: (PLAIN, "commence", MARKED, BEGUN),
    Remedy.FLAG_DOWNLOAD: (PLAIN, "rollback", f"{ACCEPTED} {DOWNLOAD}", ACCEPTED),
}
"""By remedy, the scope; a call; a history after which it is documented and the remedy forbids it; and one after which
the remedy permits it, empty where it never does in this scope."""


def state_after(steps: Stepper, names: str) -> State | None:
    """Return the state after the actions; None where one of them is not possible."""
    state: State | None = steps.initial
    for name in names.split():
        state = None if state is None else steps.step(state, name)
    return state


def can(steps: Stepper, name: str, before: str) -> bool:
    """Tell whether an action is possible after others."""
    return state_after(steps, f"{before} {name}") is not None


def verdicts_of(remedy: Remedy) -> tuple[bool, bool]:
    """Return whether the remedy forbids what it is to, and permits what it is to, in a model built anew."""
    scope, call, forbidden, permitted = CASES[remedy]
    steps = Stepper(build_model(remedied(scope, [remedy])))
    forbids = not can(steps, call, forbidden)
    return forbids, not permitted or can(steps, call, permitted)


@pytest.mark.parametrize("remedy", CASES, ids=lambda remedy: remedy.value)
def test_remedy_forbids_a_call_that_is_documented_and_permits_it_elsewhere(remedy: Remedy) -> None:
    """Without it the call is possible in both places."""
    scope, call, forbidden, permitted = CASES[remedy]
    plain = Stepper(device_model(scope))
    assert call in REMEDIES[remedy].restricts
    assert can(plain, call, forbidden)
    assert state_after(Stepper(device_model(remedied(scope, [remedy]))), forbidden) is not None
    assert (True, True) == verdicts_of(remedy)
    assert "erase_last_boot" in permitted or not permitted or can(plain, call, permitted)


@pytest.mark.parametrize("remedy", CASES, ids=lambda remedy: remedy.value)
def test_remedy_that_changes_nothing_or_too_much_is_found(remedy: Remedy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guard that always holds forbids nothing; one that never does permits nothing."""

    def always(value: bool) -> Callable[[Scope, Device], Bool]:
        return lambda scope, device: fact(value)

    monkeypatch.setattr(remedy_steps, "GUARDS", {**GUARDS, remedy: always(True)})
    assert (False, True) == verdicts_of(remedy)
    monkeypatch.setattr(remedy_steps, "GUARDS", {**GUARDS, remedy: always(False)})
    assert (True, not CASES[remedy][3]) == verdicts_of(remedy)


def test_every_remedy_is_in_the_tables() -> None:
    """A restart at once is a usage, and a patch forbids no call, so they have no guard."""
    assert set(Remedy) == set(REMEDIES) == {*CASES, Remedy.RESTART_AT_ONCE, Remedy.NOTE_IN_PLACE}
    assert set(GUARDS) == set(CASES)
    assert {remedy.value for remedy in Remedy} == set(get_args(RemedyName))


def test_image_on_trial_keeps_its_way_back_until_it_is_accepted() -> None:
    """The application erases the other image where it might begin an upgrade, and nowhere else."""
    steps = Stepper(device_model(remedied(PLAIN, [Remedy.ERASE_LAST_BOOT])))
    assert not can(steps, "erase_last_boot", TRIED)
    assert not can(steps, "erase_last_boot", BEGUN)
    assert not can(steps, "erase_last_boot", f"{ACCEPTED} {ERASE} commence commence_erases")
    assert can(steps, "erase_last_boot", ACCEPTED)


def test_flag_outlives_a_power_cut() -> None:
    """It lies in flash: a download that broke off keeps rollback() away."""
    cut = f"{ACCEPTED} {DOWNLOAD} cut power_on boot_starts image_begins"
    plain, flagged = (Stepper(device_model(scope)) for scope in (PLAIN, remedied(PLAIN, [Remedy.FLAG_DOWNLOAD])))
    assert can(plain, "rollback", cut)
    assert not can(flagged, "rollback", cut)


def test_try_that_is_noted_in_place_never_leaves_a_blank_record() -> None:
    """A cut leaves the mark, and the image is tried then; or the note, and it is given up."""
    patched = Stepper(device_model(remedied(PLAIN, [Remedy.NOTE_IN_PLACE])))
    trying = f"{MARKED} restart boot_tries_new"
    assert can(patched, "image_begins", f"{trying} try_programs")
    assert can(patched, "boot_tries_new", f"{trying} cut_in_try_leaves_new power_on")
    assert can(patched, "boot_aborts", f"{trying} cut_in_try_leaves_pending_verify power_on")
    names = {action.name for action in patched.model.actions if Task.TRY in action.tasks}
    assert {"try_programs", "cut_in_try_leaves_new", "cut_in_try_leaves_pending_verify"} == names
    assert can(Stepper(device_model(PLAIN)), "boot_starts", f"{trying} cut_in_erase_leaves_empty_undefined power_on")


def test_patch_is_modelled_up_to_f1_alone() -> None:
    """Under F2 an erase that is cut can take the note back, which the model does not have."""
    for other in ({"faults": FaultModel.F2}, {"allows": frozenset({Allowance.PINS})}):
        with pytest.raises(ValueError, match="note-in-place is modelled up to F1"):
            remedied(replace(PLAIN, **other), [Remedy.NOTE_IN_PLACE])


def test_restart_at_once_is_the_usage() -> None:
    """And goes with no other than what is documented."""
    assert replace(PLAIN, usage=Usage.RESTART_AT_ONCE) == remedied(PLAIN, [Remedy.RESTART_AT_ONCE])
    with pytest.raises(ValueError, match="goes with documented usage"):
        remedied(replace(PLAIN, usage=Usage.ANY), [Remedy.RESTART_AT_ONCE])
    with pytest.raises(ValueError, match="is a usage"):
        replace(PLAIN, remedies=frozenset({Remedy.RESTART_AT_ONCE}))


def test_title_names_what_is_on() -> None:
    """In the order of the table."""
    scope = remedied(PLAIN, [Remedy.FLAG_DOWNLOAD, Remedy.RESTART_AT_ONCE, Remedy.ERASE_LAST_BOOT])
    assert scope_title(scope).endswith("restart-at-once usage, remedy erase-last-boot, remedy flag-download")


def test_erase_of_the_last_image_is_modelled_without_failing_flash() -> None:
    """So a scope with both is refused."""
    with pytest.raises(ValueError, match="without failing flash"):
        remedied(replace(PLAIN, allows=frozenset({Allowance.FAILING_FLASH})), [Remedy.ERASE_LAST_BOOT])


def test_old_rules_are_the_default() -> None:
    """Where nobody asks for a remedy, the model is as it was."""
    for release in (Release.V5_1, Release.V5_5, Release.V6_1):
        scope = replace(PLAIN, config=replace(PLAIN.config, app_release=release))
        names = {action.name for action in device_model(scope).actions}
        assert {"commence", "accept", "rollback"} <= names
        assert not {"erase_last_boot", "erase_last_erases", "forget_last_erases"} & names
