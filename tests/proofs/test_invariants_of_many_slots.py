"""With three slots and more, the stated invariants prove what no complete search reaches."""

import pytest

from otaproof.model.config import Config, Release
from otaproof.model.device.state import Scope, Usage
from otaproof.proofs.explicit.explorer import claims_of
from otaproof.proofs.prover.proof_reuse import induct

DOCUMENTED, AT_ONCE = Usage.DOCUMENTED, Usage.RESTART_AT_ONCE
V5_5, V6_0 = Release.V5_5, Release.V6_0


@pytest.mark.parametrize(
    ("rollback", "release", "usage", "has_factory", "slots", "proved"),
    [
        (False, V5_5, DOCUMENTED, False, 4, {"C17", "C24"}),
        (False, V5_5, DOCUMENTED, True, 3, {"C13", "C17"}),
        (False, V6_0, DOCUMENTED, True, 3, {"C13", "C17", "C18"}),
        (False, V5_5, AT_ONCE, False, 3, {"C17", "C22", "C24"}),
        (True, V5_5, DOCUMENTED, True, 3, {"C13", "C24"}),
        (True, V6_0, DOCUMENTED, False, 3, {"C16", "C24"}),
        (True, V6_0, DOCUMENTED, True, 3, {"C13", "C16", "C18", "C24", "C25"}),
        (True, V6_0, AT_ONCE, False, 5, {"C18", "C22", "C24"}),
    ],
)
def test_claims_are_inductive(
    rollback: bool, release: Release, usage: Usage, has_factory: bool, slots: int, proved: set[str]
) -> None:
    """Each of these claims needs invariants of records and images that two slots do not need."""
    config = Config(rollback=rollback, app_release=release, bootloader_release=release)
    scope = Scope(config, slots, has_factory, usage=usage, versions=2)
    assert proved <= set(induct(scope, claims_of(scope)).invariants)
