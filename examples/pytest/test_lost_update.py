"""A property of a team's own, in ten lines: no power cut loses an update in silence.

`pytest examples/pytest` fails, and prints a token that `otaproof replay` plays; it passes with
`--remedy note-in-place`.
"""

import pytest

from otaproof.library.boards import LiveBoard, PowerCuts


@pytest.mark.cut_everywhere(faults="F1")
def test_no_update_is_lost_in_silence(board: LiveBoard, power_cuts: PowerCuts) -> None:
    """The new image starts, or info() says that it was tried."""
    board.power_on()
    board.download()
    board.complete()
    with power_cuts:
        board.restart()
    board.power_on()
    assert board.image == 1 or board.state_of("ota_1") == "aborted"
