"""Pictures for notebooks: SVG text of the diagrams, and of a token."""

import pytest

from otaproof.library.boards import InputError, LiveBoard
from otaproof.library.pictures import picture_names, svg_of, svg_of_token


def test_token_is_drawn() -> None:
    """What was done on the board, in order."""
    board = LiveBoard()
    board.power_on()
    board.upgrade()
    drawn = svg_of_token(board.token)
    assert drawn.startswith("<svg")
    assert drawn.index("commence()") < drawn.index("complete(1)") < drawn.index("accept()")


def test_diagram_is_drawn_by_its_name() -> None:
    """And another name is refused, with those that there are."""
    assert "otadata" in svg_of("otadata-record")
    assert "life-cycle-with-rollback" in picture_names()
    with pytest.raises(InputError, match="'trace' is none of life-cycle-without-rollback, life-cycle-with-rollback"):
        svg_of("trace")
