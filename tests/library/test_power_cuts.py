"""The power cut everywhere in a test: what is found is what brute force finds, and the token shows it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from otaproof.campaign.cut_points import prefix_kind
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.history_token import decode_history_token
from otaproof.library.boards import Config, InputError, LiveBoard, OtaWorld, PowerCuts, SmallImage, cut_everywhere
from otaproof.library.faults import AFTER, BEFORE, FaultModel, StepCut, Torn

TRIED = ("aborted", "testing")
Test = Callable[[LiveBoard, PowerCuts], None]


def lost_in_silence(board: LiveBoard, cuts: PowerCuts) -> None:
    """The first start of a marked image is cut: it is lost where its note is."""
    board.power_on()
    board.download()
    board.complete()
    with cuts:
        board.restart()
    board.power_on()
    assert board.image == 1 or board.state_of("ota_1") in TRIED


def old_or_new(board: LiveBoard, cuts: PowerCuts) -> None:
    """A whole upgrade is cut: a whole image boots."""
    board.power_on()
    with cuts:
        board.upgrade()
    board.power_on()
    assert board.image in (0, 1)


def accepted_stays(board: LiveBoard, cuts: PowerCuts) -> None:
    """What Python remembers of the calls counts: an image whose accept() has returned stays."""
    accepted = 0
    board.power_on()
    with cuts:
        board.upgrade()
        accepted = 1
        board.commence()
    board.power_on()
    assert accepted == 0 or board.image == 1


def run(test: Test, world: OtaWorld, faults: FaultModel) -> tuple[str | None, int]:
    """Return the token of the failure that is found, and how many ways to fail were decided."""
    board = LiveBoard(world)
    cuts = PowerCuts(board)
    try:
        found = cut_everywhere(lambda: test(board, cuts), cuts, faults)
    except AssertionError as error:
        (note,) = error.__notes__
        return note.removeprefix("otaproof replay "), 0
    return None, found.cuts


def by_hand(world: OtaWorld) -> Iterator[tuple[StepCut, bool]]:
    """Yield every cut of F1 in the restart of `lost_in_silence`, and whether the update is lost in silence."""
    uncut = LiveBoard(world)
    uncut.power_on()
    uncut.download()
    uncut.complete()
    before = uncut.history.steps
    uncut.restart()
    restart, ops = uncut.history.steps[-1], uncut.played[-1].ops
    for place, op in enumerate(ops):
        prefixes = [Torn(prefix_kind(op), length=length) for length in range(1, op.length)]
        for torn in (BEFORE, *prefixes, AFTER):
            board = LiveBoard(world)
            for step in (*before, replace(restart, cut=StepCut(place, torn))):
                board.play(step)
            board.power_on()
            yield StepCut(place, torn), not (board.image == 1 or board.state_of("ota_1") in TRIED)


def test_every_cut_is_decided_as_brute_force_decides_it() -> None:
    """Some lose the update, and with the patch none does; the first one found is under the weakest fault model."""
    lost = [cut for cut, is_lost in by_hand(OtaWorld()) if is_lost]
    assert StepCut(0, AFTER) in lost
    token, _ = run(lost_in_silence, OtaWorld(), FaultModel.F1)
    assert token is not None
    cut = decode_history_token(token).history.steps[-2].cut
    assert cut in lost and cut is not None and FaultModel.F0 is cut.weakest_model


def test_patch_mends_what_was_found() -> None:
    """By brute force, and by the search, which decides as many ways to fail."""
    patched = OtaWorld(is_patched=True)
    ways = list(by_hand(patched))
    assert not any(is_lost for _, is_lost in ways)
    # The search counts the moment before the call, too.
    assert (None, len(ways) + 1) == run(lost_in_silence, patched, FaultModel.F1)


def test_token_of_a_failure_shows_it() -> None:
    """The board does the same again: the old image runs, and C17 is broken."""
    token, _ = run(lost_in_silence, OtaWorld(), FaultModel.F0)
    assert token is not None
    played = replay_history(decode_history_token(token).history)
    assert "ota_0" == played.running
    assert played.breaks("C17") is not None


@pytest.mark.parametrize("faults", [FaultModel.F0, FaultModel.F1, FaultModel.F2, FaultModel.F3])
@pytest.mark.parametrize("test", [old_or_new, accepted_stays])
def test_property_that_holds_passes(test: Test, faults: FaultModel) -> None:
    """In every way that the power can fail; under a stronger fault model there are more."""
    token, cuts = run(test, OtaWorld(), faults)
    assert token is None
    assert cuts >= (40 if faults is FaultModel.F0 else 60_000)


def test_what_python_remembers_is_not_mixed_up() -> None:
    """A property that is broken after one call alone is found, whatever was known from the same flash after others."""

    def too_early(board: LiveBoard, cuts: PowerCuts) -> None:
        marked = False
        board.power_on()
        with cuts:
            board.download()
            marked = True
            board.complete()
        board.power_on()
        assert not marked or board.image == 1

    token, _ = run(too_early, OtaWorld(), FaultModel.F0)
    assert token is not None
    assert "the power fails between calls" == str(decode_history_token(token).history.steps[-2])


def test_burn_of_the_efuse_is_cut() -> None:
    """A device that has lost bits of a burn boots all the same; one that has them all does not go back."""
    world = OtaWorld(Config(rollback=True, anti_rollback=True), images=(SmallImage(1), SmallImage(2, secure_version=2)))
    seen: set[str | None] = set()

    def boots(board: LiveBoard, cuts: PowerCuts) -> None:
        board.power_on()
        board.download()
        board.complete()
        board.restart()
        with cuts:
            board.accept()
        board.power_on()
        seen.add(board.running)
        assert board.running

    token, cuts = run(boots, world, FaultModel.F1)
    assert token is None and cuts and {"ota_0", "ota_1"} >= seen > set()


def test_test_that_cuts_nothing_is_refused() -> None:
    """In a line that says what is wanted."""
    board = LiveBoard()
    with pytest.raises(InputError, match="nothing is cut; put the calls under `with power_cuts:`"):
        cut_everywhere(board.power_on, PowerCuts(board))


def test_second_block_is_refused() -> None:
    """One block is what is cut."""
    board = LiveBoard()
    cuts = PowerCuts(board)
    with cuts:
        board.power_on()
    with pytest.raises(InputError, match="one block"), cuts:
        board.power_on()


def test_test_that_does_otherwise_each_time_is_refused() -> None:
    """What one run has found would say nothing of another."""
    board = LiveBoard()
    cuts, images = PowerCuts(board), iter([1, 0] * 1000)

    def fickle() -> None:
        board.power_on()
        with cuts:
            board.commence()
            board.write(next(images))
        board.power_on()

    with pytest.raises(InputError, match="makes other calls"):
        cut_everywhere(fickle, cuts)


@pytest.mark.parametrize("faults", ["F4", "F5", "f1", "", FaultModel.F5])
def test_fault_model_that_no_test_is_cut_with_is_refused(faults: FaultModel | str) -> None:
    """F4 and F5 are of sweeps alone."""
    board = LiveBoard()
    with pytest.raises(InputError, match="want one of F0, F1, F2, F3"):
        cut_everywhere(board.power_on, PowerCuts(board), faults)


def test_error_of_a_call_in_the_block_ends_the_test() -> None:
    """It is no power cut."""
    board = LiveBoard()
    cuts = PowerCuts(board)

    def begins_too_early() -> None:
        with cuts:
            board.commence()

    with pytest.raises(Exception, match="nothing runs"):
        cut_everywhere(begins_too_early, cuts)
