"""otaproof diff: what the release rules do differently, found by the search and shown by boards."""

import itertools
import json
import random
from dataclasses import fields, replace

import pytest

from otaproof.analysis.release_diff import compare
from otaproof.analysis.release_matrix import matrix_of
from otaproof.campaign.conformance import release_probes
from otaproof.campaign.conformance.release_probes import NO_SUCH_CALL, PROBES, has_call, observe
from otaproof.campaign.lockstep.board_difference import (
    BoardSide,
    decode_pair,
    encode_pair,
    play_both,
    show_difference,
)
from otaproof.campaign.lockstep.divergence import Divergence
from otaproof.cli.main import main
from otaproof.errors import InputError
from otaproof.impl import release_rules
from otaproof.impl.app import esp_ota_select
from otaproof.impl.release_points import NEWEST_READ, RECORDED
from otaproof.impl.release_rules import AppRules, app_rules
from otaproof.model.config import Config, Release
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.model.idf_version import IdfVersion
from otaproof.proofs.explicit.observations import REFUSED, Response, Side, unlike
from otaproof.proofs.explicit.product_search import Behaviour, Difference, Observed, answers, find_differences


def scope_of(
    release: Release,
    *,
    rollback: bool = True,
    anti_rollback: bool = False,
    usage: Usage = Usage.ANY,
    faults: FaultModel = FaultModel.F1,
    slots: int = 2,
    has_factory: bool = False,
    sleeps: bool = False,
) -> Scope:
    """Return a scope, application and bootloader of one release."""
    config = Config(
        rollback=rollback,
        anti_rollback=anti_rollback,
        app_release=release,
        bootloader_release=release,
        skip_validate_in_deep_sleep=sleeps,
    )
    return Scope(config, slots, has_factory, faults, usage)


def show_all(difference: Difference) -> None:
    """Let two boards show every behaviour; raises Divergence where they do not."""
    for behaviour in difference.behaviours:
        show(difference, behaviour)


def show(difference: Difference, behaviour: Behaviour) -> None:
    """Let two boards show a behaviour."""
    moves = [(given.name, given.left, given.right) for given in behaviour.trace]
    want = behaviour.seen_left, behaviour.seen_right
    show_difference(difference.left, difference.right, moves, behaviour.observed.value, want)


def causes_of(difference: Difference) -> list[tuple[str, Observed, str, str, int]]:
    """Return the causes: call, what is observed, left, right, number of inputs."""
    return [(c.call, c.observed, c.left, c.right, len(c.trace)) for c in difference.causes]


# Probes

C9 = {
    "esp_ota_begin: the inactive otadata entry, rollback on": ("kept",) * 2 + ("erased",) * 4,
    "esp_ota_begin on a data partition": ("ESP_ERR_INVALID_ARG",) * 2 + ("ESP_OK",) * 4,
    "esp_ota_begin that fails in the erase gives out": ("no handle",) * 2 + ("a handle",) * 4,
    "second esp_ota_begin on a slot in use": ("ESP_OK",) * 4 + ("ESP_ERR_OTA_ALREADY_IN_PROGRESS",) * 2,
    "esp_ota_resume while the running image is under test": (
        *(NO_SUCH_CALL,) * 2,
        *("ESP_OK",) * 3,
        "ESP_ERR_OTA_ROLLBACK_INVALID_STATE",
    ),
    "esp_ota_set_boot_partition(running slot) writes": ("the other entry",) * 3 + ("the active entry",) * 3,
    "esp_ota_write of no data without a session": ("ESP_ERR_INVALID_ARG",) + ("ESP_OK",) * 5,
    "esp_ota_begin(OTA_WITH_SEQUENTIAL_WRITES) leaves the erase of the first sector to": ("esp_ota_write",) * 6,
    "a sequential esp_ota_write of 4096 bytes erases": ("2 sectors",) + ("1 sector",) * 5,
    "esp_ota_mark_app_valid burns which secure version": ("that of the running image",) + ("that in flash",) * 5,
    "an application whose secure version is below the eFuse's starts": ("ESP_OK",) * 2 + ("panic",) * 4,
    "esp_ota_write of one wrong byte for a partition table": (
        *(NO_SUCH_CALL,) * 2,
        *("ESP_ERR_OTA_VALIDATE_FAILED",) * 3,
        "ESP_OK",
    ),
    "esp_partition_erase_range of a read-only partition": ("ESP_OK",) * 2 + ("ESP_ERR_NOT_ALLOWED",) * 4,
    "esp_ota_end with a final copy of two sectors": (NO_SUCH_CALL,) * 2 + ("1 write",) + ("2 writes",) * 3,
}
"""What each of the six release rules does, from 4.4 to 6.2-dev: the version matrix, written by hand."""


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_probe_sees_what_the_version_matrix_says(probe: release_probes.Probe) -> None:
    """Every probe, played under all six release rules, sees what was read in ESP-IDF's branches."""
    assert C9[probe.name] == tuple(observe(probe.name, release) for release in Release)


def test_every_version_that_is_known_can_be_probed() -> None:
    """Also 4.2, which takes the mark of sequential writes for a size, erases nothing and writes over what is there."""
    versions = [IdfVersion.parse("3.3-dev"), *NEWEST_READ, *RECORDED]
    (erased,) = (probe for probe in PROBES if probe.rule == "erases_sector_too_many")
    assert {"0 sectors", "1 sector", "2 sectors"} == {erased.observe(version) for version in versions}
    assert all(probe.observe(version) for probe in PROBES for version in versions)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_probe_changes_where_its_rule_changes(probe: release_probes.Probe) -> None:
    """Between two releases that have the call, a probe sees another thing exactly when its field differs."""
    seen = {release: probe.observe(release) for release in Release}
    there = [release for release in Release if seen[release] != NO_SUCH_CALL]
    rule = {release: getattr(app_rules(release), probe.rule) for release in Release}
    assert [(a.label, b.label, rule[a] != rule[b]) for a, b in itertools.pairwise(there)] == [
        (a.label, b.label, seen[a] != seen[b]) for a, b in itertools.pairwise(there)
    ]


def test_every_release_rule_has_a_probe() -> None:
    """A field that is added to the release rules needs a probe."""
    assert {field.name for field in fields(AppRules)} == {probe.rule for probe in PROBES}


def test_calls_are_there_from_the_release_that_brought_them() -> None:
    """Rows of the version matrix that no board can show."""
    assert ["no"] * 2 + ["yes"] * 4 == [has_call("esp_ota_resume", r) for r in Release]
    assert ["yes"] * 6 == [has_call("esp_ota_abort", r) for r in Release]
    assert ["no"] * 2 + ["yes"] * 4 == [has_call("esp_ota_mark_app_invalid_rollback", r) for r in Release]


# The search

COMMENCE_ERASES = (
    "commence",
    Observed.OPERATIONS,
    "erases the next slot",
    "erases the next slot; erases the other entry",
    7,
)
SET_BOOT_IN_PLACE = (
    "set_boot_running",
    Observed.OPERATIONS,
    "erases the other entry; writes the other entry: NEW for the running slot",
    "erases the active entry; writes the active entry: NEW for the running slot",
    2,
)
COMPLETE_IN_PLACE = (
    "complete",
    Observed.OPERATIONS,
    "erases the other entry; writes the other entry: NEW for the next slot",
    "erases the active entry; writes the active entry: NEW for the next slot",
    6,
)
SELECT_IN_PLACE = ("set_boot_ota_1", *COMPLETE_IN_PLACE[1:])
SECOND_COMMENCE = ("commence", Observed.RESULT, "done", "refused", 3)
SECOND_RESUME = ("session_resume", Observed.RESULT, "done", "refused", 3)
RESUME_UNDER_TEST = ("session_resume", Observed.RESULT, "done", "refused", 4)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (Release.V4_4, Release.V5_1, []),
        (Release.V5_1, Release.V5_5, [COMMENCE_ERASES]),
        (Release.V5_5, Release.V6_0, [SET_BOOT_IN_PLACE, SELECT_IN_PLACE, COMPLETE_IN_PLACE]),
        (Release.V6_0, Release.V6_1, [SECOND_COMMENCE, SECOND_RESUME]),
        (Release.V6_1, Release.V6_2_DEV, [RESUME_UNDER_TEST]),
    ],
    ids=lambda value: value.label if isinstance(value, Release) else "",
)
@pytest.mark.thorough
def test_neighbouring_releases_differ_as_the_version_matrix_says(
    left: Release, right: Release, expected: list[tuple[object, ...]]
) -> None:
    """The causes are those of the matrix, each with its shortest inputs, and the boards show all that is found."""
    found = find_differences(scope_of(left, faults=FaultModel.F0), scope_of(right, faults=FaultModel.F0), follow=1)
    assert found.is_complete
    assert expected == causes_of(found)
    show_all(found)


@pytest.mark.slow
@pytest.mark.parametrize("has_factory", [False, True])
def test_all_differences_with_torn_cuts_are_shown_by_the_boards(has_factory: bool) -> None:
    """5.1 and 6.1 with all cuts of F1: every cause and consequence is seen on two boards."""
    left, right = (scope_of(release, has_factory=has_factory) for release in (Release.V5_1, Release.V6_1))
    found = find_differences(left, right)
    assert found.is_complete
    assert {SET_BOOT_IN_PLACE[:4], SECOND_COMMENCE[:4], COMMENCE_ERASES[:4], COMPLETE_IN_PLACE[:4]} <= {
        cause[:4] for cause in causes_of(found)
    }
    assert any(given.cut is not None for behaviour in found.behaviours for given in behaviour.trace)
    show_all(found)


def test_proper_usage_meets_one_difference_and_what_comes_of_it() -> None:
    """An application that keeps to the documentation loses its way back in commence(), from 5.5 on."""
    left, right = (scope_of(release, usage=Usage.RESTART_AT_ONCE) for release in (Release.V5_1, Release.V6_1))
    found = find_differences(left, right)
    assert found.is_complete
    assert [COMMENCE_ERASES] == causes_of(found)
    seen = {(b.call, b.observed) for b in found.behaviours if b.cause is not None}
    assert {("write_rest", Observed.ROLLBACK), ("restart", Observed.BOOTS)} <= seen
    show_all(found)


def test_anti_rollback_burns_and_that_is_a_difference() -> None:
    """With anti-rollback on one side, the first whole upgrade burns the eFuse there; inputs name the versions."""
    left, right = (scope_of(Release.V5_5, anti_rollback=on, usage=Usage.RESTART_AT_ONCE) for on in (False, True))
    found = find_differences(left, right)
    assert found.is_complete
    assert any("burns eFuse bits" in cause.right and "burns" not in cause.left for cause in found.causes)
    show_all(found)


def test_rollback_writes_another_word() -> None:
    """Without rollback a selected image is marked UNDEFINED, with it NEW; nothing but that is a cause."""
    left, right = (scope_of(Release.V5_1, rollback=on) for on in (False, True))
    found = find_differences(left, right)
    assert found.is_complete
    assert ["set_boot_running", "complete", "set_boot_ota_1"] == [cause.call for cause in found.causes]
    assert all("UNDEFINED" in c.left and "NEW" in c.right for c in found.causes)
    show_all(found)


@pytest.mark.thorough
def test_a_wake_without_validation_starts_what_ran() -> None:
    """With SKIP_VALIDATE_IN_DEEP_SLEEP on one side, a wake is an input for both."""
    left, right = (scope_of(Release.V5_1, sleeps=on, faults=FaultModel.F0) for on in (False, True))
    found = find_differences(left, right, follow=0)
    assert found.causes and all(cause.call == "wake" for cause in found.causes)
    show_all(found)


def test_a_world_does_not_differ_from_itself() -> None:
    """The same rules twice: no pair parts, and every state is looked at."""
    one = scope_of(Release.V5_1, usage=Usage.RESTART_AT_ONCE)
    found = find_differences(one, one)
    assert ((), 0, True) == (found.behaviours, found.parted, found.is_complete)


def test_worlds_of_different_shape_are_refused() -> None:
    """A device with three slots has inputs that one with two has not."""
    with pytest.raises(ValueError, match="slots"):
        find_differences(scope_of(Release.V5_1), scope_of(Release.V5_1, slots=3))


def test_a_search_that_does_not_fit_says_so() -> None:
    """A limit of pairs ends the search."""
    found = find_differences(scope_of(Release.V5_1), scope_of(Release.V5_5), most=100)
    assert not found.is_complete


def test_what_tells_operations_apart_is_said_in_few_words() -> None:
    """Of equally many the parts that differ, else the operations that one has more."""
    erase, write = ("erases", "the other entry", "", ""), ("writes", "the other entry", "NEW", "a slot")
    assert (((2, "NEW", "VALID"),), ()) == unlike([erase, write], [erase, (*write[:2], "VALID", write[3])])
    assert (frozenset(), frozenset({("writes", True, "NEW")})) == unlike([erase], [erase, write])


# Boards

WALKS = (
    scope_of(Release.V5_1),
    scope_of(Release.V5_5, has_factory=True, slots=3),
    scope_of(Release.V6_1, usage=Usage.RESTART_AT_ONCE),
    scope_of(Release.V6_2_DEV, anti_rollback=True, faults=FaultModel.F3),
    scope_of(Release.V4_4, rollback=False, faults=FaultModel.F2),
    scope_of(Release.V6_0, sleeps=True),
)


@pytest.mark.parametrize("scope", WALKS, ids=lambda scope: scope.config.app_release.label)
def test_a_board_shows_what_the_model_says_after_every_input(scope: Scope) -> None:
    """Random inputs, some cut and some refused: all seven observations are the same on model and board."""
    for seed in range(12):
        walk(scope, random.Random(f"{seed}"))


def walk(scope: Scope, rng: random.Random, length: int = 14) -> None:
    """Give random inputs to a model, then to a board, and compare what is seen after each of them."""
    side = Side(scope, scope)
    state = side.steps.initial
    inputs: list[tuple[str, tuple[str, ...], Response, bool]] = []
    for _ in range(length):
        known = side.responses(state)
        names = sorted(known) + [name for name in ("commence", "complete", "rollback") if side.refuses(state, name)]
        name = rng.choice(names)
        response = known.get(name) or Response(result=REFUSED, after=state)
        cut = rng.choice(list(response.cuts)) if response.cuts and rng.random() < 0.2 else None
        actions = tuple(response.actions)
        state = response.after
        if cut is not None:
            actions = (*actions[: response.cuts[cut][0]], cut.action)
            state = response.cuts[cut][1]
        inputs.append((name, actions, response, cut is not None))
    board = BoardSide(scope, [name for name, _, _, _ in inputs])
    for name, actions, response, is_cut in inputs:
        seen = board.give(name, actions)
        if is_cut or name == "power_off":
            continue
        view = side.view(response.after)
        is_call = response.boots is None or response.result == "restarts"
        expected = {
            "result": response.result if is_call else None,
            "operations": "; ".join(response.ops) or "no operation" if is_call else None,
            "boot operations": "; ".join(response.boot_ops) or "no operation" if response.boots is not None else None,
            "boots": response.boots,
            "rollback": None if view is None else view.rollback,
            "next": None if view is None else view.next,
            "states": None if view is None else view.states,
        }
        assert expected == {what: seen.of(what) for what in expected}, (name, [i[0] for i in inputs])


def test_a_difference_that_the_boards_do_not_show_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A board that keeps the inactive entry under 5.5 diverges from the model, and says where."""
    left, right = (scope_of(release, usage=Usage.RESTART_AT_ONCE) for release in (Release.V5_1, Release.V5_5))
    found = find_differences(left, right, follow=0)
    rules = replace(app_rules(Release.V5_1))
    for module in (release_rules, esp_ota_select):
        monkeypatch.setattr(module, "app_rules", lambda release: rules)
    with pytest.raises(Divergence, match="the boards show"):
        show(found, found.causes[0])


def test_command_does_not_take_a_disagreement_for_a_difference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the boards do not show what the models say, nothing is decided, and a line says why."""
    rules = app_rules(Release.V5_1)
    monkeypatch.setattr(esp_ota_select, "app_rules", lambda release: rules)
    assert 3 == main(["diff", "5.1", "5.5", *PROPER])
    assert "a bug in otaproof" in capsys.readouterr().err


def test_a_call_that_the_board_does_not_refuse_diverges() -> None:
    """Actions that leave out a call say that it is refused."""
    one = scope_of(Release.V5_1)
    start = tuple(Side(one, one).responses(Side(one, one).steps.initial)["power_on"].actions)
    with pytest.raises(Divergence, match="refuses"):
        play_both(one, one, [("power_on", start, start), ("commence", (), ())])


@pytest.mark.thorough
def test_a_third_release_answers_the_inputs_of_a_difference() -> None:
    """The inputs that tell 6.0 and 6.1 apart, given to 5.1: it goes with the older one."""
    scopes = {r: scope_of(r, faults=FaultModel.F0) for r in (Release.V5_1, Release.V6_0, Release.V6_1)}
    cause, resumed = find_differences(scopes[Release.V6_0], scopes[Release.V6_1], follow=0).causes
    answer = answers(scopes[Release.V5_1], scopes[Release.V6_0], cause.trace)
    assert answer is not None
    assert "done" == answer[1].result
    assert answers(scopes[Release.V5_1], scopes[Release.V6_0], resumed.trace) is None, "5.1 has no esp_ota_resume"


# The command


@pytest.mark.thorough
def test_the_matrix_has_the_rows_of_the_version_matrix() -> None:
    """Found by the search between neighbours, the cells played on the board of each release."""
    matrix = matrix_of(scope_of(Release.V5_1, faults=FaultModel.F0), 100_000)
    cells = [(row.title, [row.cells[0] == cell for cell in row.cells]) for row in matrix.rows if row.origin == "model"]
    assert [
        ("commence() erases the other entry, or not", [True] * 2 + [False] * 4),
        ("esp_ota_set_boot_partition(running) writes the active entry, or the other entry", [True] * 3 + [False] * 3),
        ("esp_ota_set_boot_partition(ota_1) writes the active entry, or the other entry", [True] * 3 + [False] * 3),
        ("complete() writes the active entry, or the other entry", [True] * 3 + [False] * 3),
        ("another commence() is refused, or not", [True] * 4 + [False] * 2),
        ("esp_ota_resume() is refused, or not", [True] * 2 + [False] * 4),
        ("esp_ota_resume() is refused, or not", [True] * 2 + [False] * 4),
    ] == cells
    resumed = [r.cells for r in matrix.rows if r.origin == "model" and r.title.startswith("esp_ota_resume")]
    assert [
        ("–", "–", "done", "done", "refused", "refused"),
        ("–", "–", "done", "done", "done", "refused"),
    ] == resumed
    assert matrix.is_complete


def test_a_claim_that_holds_on_one_side_only_comes_with_a_history() -> None:
    """From 5.5 on commence() gives up the entry of the slot that it wipes, so C2 and C13 hold."""
    sides = scope_of(Release.V5_1, usage=Usage.RESTART_AT_ONCE), scope_of(Release.V5_5, usage=Usage.RESTART_AT_ONCE)
    report = compare(("5.1", "5.5"), sides, claims="C1,C2,C13", follow=0)
    assert [("C2", False), ("C13", False)] == [(c.claim.id, c.holds_left) for c in report.claims.changes]
    assert ("C1",) == report.claims.same
    token = report.claims.changes[0].shown.token
    assert token is not None
    assert 1 == main(["replay", token])


PROPER = ["--usage", "restart-at-once", "--claims", "none"]


def test_command_prints_each_difference_once_and_replays_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The token in the report plays both histories; they differ in the last call alone."""
    assert 1 == main(["diff", "5.1", "6.1-beta1", *PROPER, "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["complete"]
    first = report["behaviours"][0]
    assert "commence() erases the other entry, or not" == first["title"]
    assert 1 == main(["diff", "--replay", first["token"]])
    lines = capsys.readouterr().out.splitlines()
    assert 1 == sum(line.lstrip("0123456789 ").startswith("< commence()") for line in lines)
    assert "the two differ" == lines[-1]
    assert 1 == main(["diff", "5.1", "6.1-beta1", *PROPER])
    assert 1 == capsys.readouterr().out.count("\ncommence() erases the other entry, or not\n")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["5.5", "5.5", *PROPER], 0),
        (["5.1.3", "5.1", *PROPER], 0),
        (["5.1.3", "5.2", *PROPER], 1),
        (["5.5,bootloader-idf=5.1", "5.5", *PROPER], 0),
        (["rollback=off", "rollback=on", *PROPER], 1),
        (["5.5", "5.5", *PROPER, "--pairs", "5"], 3),
        (["5.5", *PROPER], 2),
        (["5.5", "tomorrow"], 2),
        (["rollback=maybe", "5.5"], 2),
        (["colour=red", "5.5"], 2),
        (["anti-rollback=on,rollback=off", "5.5"], 2),
        (["5.1", "5.5", "--claims", "C99"], 2),
        (["5.1", "5.5", "--follow", "-1"], 2),
        (["5.1", "5.5", "--matrix"], 2),
        (["5.1", "5.5", "--replay", "otd1.x"], 2),
        (["--replay", "otd1.x"], 2),
        (["--replay", "hello"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_exit_code(arguments: list[str], code: int) -> None:
    """0 no difference, 1 differences, 2 bad input, 3 did not fit."""
    assert code == main(["diff", *arguments])


def test_a_pair_of_histories_survives_its_token() -> None:
    """What is decoded encodes to the same text; damage is an input error."""
    left, right = (scope_of(release, usage=Usage.RESTART_AT_ONCE) for release in (Release.V5_1, Release.V5_5))
    found = find_differences(left, right, follow=0)
    moves = [(given.name, given.left, given.right) for given in found.causes[0].trace]
    token = play_both(found.left, found.right, moves).token
    assert token == encode_pair(*decode_pair(token))
    for damaged in (token[:-5], token[:20] + "A" + token[21:], "otd1."):
        with pytest.raises(InputError):
            decode_pair(damaged)
