"""The C core of the selector is the board's twin: in every small state, and over random histories."""

import pytest
from selector_checks import check_boots, check_calls, check_numbers, check_records, check_refusals, check_takeovers
from selector_core import NO_COMPILER, SOURCE, Core, build_core, has_compiler
from selector_histories import play

pytestmark = pytest.mark.skipif(not has_compiler(), reason=NO_COMPILER)


@pytest.fixture(scope="module", params=["-O2", pytest.param("-O0", marks=pytest.mark.thorough)])
def core(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Core:
    """Return the core, built by cc without a warning."""
    return build_core(SOURCE, tmp_path_factory.mktemp("core"), request.param)


@pytest.mark.parametrize("rollback", [True, False])
def test_every_call_in_every_small_state(core: Core, rollback: bool) -> None:
    """Four places, four kinds, whatever runs, whatever is asked."""
    check_calls(core, rollback)
    check_refusals(core, rollback)


@pytest.mark.parametrize("rollback", [True, False])
def test_every_boot_of_every_small_state(core: Core, rollback: bool) -> None:
    """Whatever images do not load."""
    check_boots(core, rollback)


@pytest.mark.parametrize("rollback", [True, False])
@pytest.mark.parametrize("slots", [0, 1, 2, 3])
def test_every_takeover(core: Core, slots: int, rollback: bool) -> None:
    """Numbers 0 to 5, all states, wrong check words and blank records."""
    check_takeovers(core, slots, rollback)


@pytest.mark.parametrize("slots", range(1, 17))
def test_numbers_of_records(core: Core, slots: int) -> None:
    """The next one that names the slot, to the end of those that are written."""
    check_numbers(core, slots)


def test_records_are_read_alike(core: Core) -> None:
    """Those that are nearly whole: 60,000 of them."""
    check_records(core)


PART = 2_500


@pytest.mark.parametrize("part", range(4))
def test_random_histories(core: Core, part: int) -> None:
    """Of two small devices, with cuts, tears, failures and images that do not load; 10,000 of them."""
    for seed in range(PART * part, PART * (part + 1)):
        play(core, seed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(100))
def test_a_million_random_histories(core: Core, part: int) -> None:
    """The same, 500,000 for each way to build it."""
    for seed in range(10_000 + 5_000 * part, 10_000 + 5_000 * (part + 1)):
        play(core, seed)
