"""A pytest plugin: fixtures for tests that play on the board, and the mark that cuts the power everywhere in one.

It is found by pytest itself, as an entry point. What it needs is imported when a test asks for a fixture, so that it
costs a project nothing that does not use it.
"""

import sys
from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .cut_block import PowerCuts
    from .live_board import LiveBoard
    from .ota_world import OtaWorld

MARK = "cut_everywhere"
_LIVE_BOARD = f"{__package__}.live_board"


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers",
        f'{MARK}(faults="F1", seed=0): run the test for each way that the power can fail under `with power_cuts:`',
    )


@pytest.fixture
def ota_world() -> "OtaWorld":
    """The device that `board` begins with; a project overrides it with its own."""
    from .ota_world import OtaWorld  # noqa: PLC0415

    return OtaWorld()


@pytest.fixture
def board(ota_world: "OtaWorld") -> "LiveBoard":
    """A board with the power off, as it is delivered."""
    from .live_board import LiveBoard  # noqa: PLC0415

    return LiveBoard(ota_world)


@pytest.fixture
def power_cuts(board: "LiveBoard") -> "PowerCuts":
    """What a test wraps around the calls that are cut."""
    from .cut_block import PowerCuts  # noqa: PLC0415

    return PowerCuts(board)


def pytest_runtest_setup() -> None:
    """Forget the boards of other tests."""
    module = sys.modules.get(_LIVE_BOARD)
    if module is not None:
        module.forget_boards()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test that is marked for each way that the power can fail."""
    mark = item.get_closest_marker(MARK)
    if mark is None or not isinstance(item, pytest.Function):
        return (yield)
    plain = item.obj
    item.obj = partial(_run_everywhere, plain, mark, pytest.skip.Exception)
    try:
        return (yield)
    finally:
        item.obj = plain


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a test that failed what was done on its board, as a token."""
    report = yield
    module = sys.modules.get(_LIVE_BOARD)
    board = None if module is None else module.latest_board()
    if call.when != "call" or not report.failed or board is None:
        return report
    token = board.token
    if token and token not in report.longreprtext:
        report.sections.append(("what was done on the board", f"otaproof replay {token}"))
    return report


def _asked(faults: str = "F1", seed: int = 0) -> tuple[str, int]:
    """Return what a mark asks for."""
    return faults, seed


def _run_everywhere(
    test: Callable[..., object], mark: pytest.Mark, passes: type[BaseException], /, **fixtures: object
) -> None:
    """Run one test for each way that the power can fail."""
    from ..errors import InputError  # noqa: PLC0415
    from .cut_block import PowerCuts, cut_everywhere  # noqa: PLC0415

    cuts = fixtures.get("power_cuts")
    if not isinstance(cuts, PowerCuts):
        pytest.fail(f"{MARK}: the test has to take the fixture power_cuts", pytrace=False)
    try:
        faults, seed = _asked(*mark.args, **mark.kwargs)
    except TypeError as error:
        pytest.fail(f"{MARK}: {error}; it takes faults and seed", pytrace=False)
    try:
        cut_everywhere(partial(test, **fixtures), cuts, faults, seed, (passes,))
    except InputError as error:
        pytest.fail(str(error), pytrace=False)
