"""The verdicts that come with otaproof: what they are kept by, that they are there, and that they are right."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from otaproof.analysis import model_verdicts
from otaproof.analysis.model_verdicts import Proofs, decided, prove_for
from otaproof.analysis.shipped_verdicts import FILE, ModelVerdict, Verdicts, parse, shipped, text_of
from otaproof.analysis.solvers import INSTALL
from otaproof.analysis.verdict_file import BUILDS, UNDECIDED, groups
from otaproof.model.claims import model_digest as digest_module
from otaproof.model.claims.model_digest import model_digest
from otaproof.model.claims.premises import PREMISES
from otaproof.model.claims.state_claims import DEVICE_CLAIMS
from otaproof.model.config import Chip, Config, Release
from otaproof.model.device.model import DeviceModel, device_model
from otaproof.model.device.state import Scope, Usage
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.explicit.vacuity import premise_depth
from worlds import small_world

PLAIN = Scope(Config(rollback=True), usage=Usage.DOCUMENTED)


def bare(verdicts: Verdicts) -> dict[str, tuple[str, int | None]]:
    """Return verdict and depth of each claim, without how it was decided."""
    return {id_: (item.verdict, item.depth) for id_, item in verdicts.items()}


def changed(monkeypatch: pytest.MonkeyPatch, change: Callable[[DeviceModel], DeviceModel]) -> str:
    """Return the digest of the plain scope where its model is changed."""
    monkeypatch.setattr(digest_module, "device_model", lambda scope: change(device_model(scope)))
    return model_digest(PLAIN)


def test_digest_goes_by_terms_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of actions and their order may change; a verdict stays true."""
    before = model_digest(PLAIN)
    renamed = changed(
        monkeypatch,
        lambda model: replace(
            model, actions=tuple(replace(a, name=f"{a.name}_2", source="") for a in reversed(model.actions))
        ),
    )
    assert before == renamed


@pytest.mark.parametrize("place", [0, 20, -1])
def test_digest_of_another_model_is_another_one(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    """One guard that differs is enough, so no verdict outlives its model."""

    def denied(model: DeviceModel) -> DeviceModel:
        actions = list(model.actions)
        actions[place] = replace(actions[place], when=~actions[place].when)
        return replace(model, actions=tuple(actions))

    assert model_digest(PLAIN) != changed(monkeypatch, denied)


def test_digest_tells_start_and_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another first state, or another statement of a claim, is another question."""
    before = model_digest(PLAIN)

    def later(model: DeviceModel) -> DeviceModel:
        first, *rest = model.fields
        return replace(model, fields=(replace(first, initial=first.initial + 1), *rest))

    assert before != changed(monkeypatch, later)
    monkeypatch.undo()
    weaker = [replace(claim, meaning=DEVICE_CLAIMS[0].meaning, is_over_effects=False) for claim in DEVICE_CLAIMS]
    monkeypatch.setattr(digest_module, "DEVICE_CLAIMS", weaker)
    assert before != model_digest(PLAIN)


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        ({"chip": Chip.ESP32S3, "table_offset": 0x10000}, True),
        ({"app_release": Release.V4_4, "bootloader_release": Release.V4_4}, True),
        ({"app_release": Release.V6_1, "bootloader_release": Release.V6_1}, False),
        ({"skip_validate_in_deep_sleep": True}, False),
        ({"rollback": False}, False),
    ],
)
def test_configurations_of_one_model_share_their_verdicts(other: dict[str, object], is_same: bool) -> None:
    """What makes no difference to the model makes none to the digest."""
    config = replace(PLAIN.config, **other)  # type: ignore[arg-type]  # fields of Config
    assert is_same == (model_digest(PLAIN) == model_digest(replace(PLAIN, config=config)))


@pytest.mark.drift
def test_verdicts_of_common_devices_are_shipped() -> None:
    """Two slots, the default faults, every build and release: what `check` asks for without a change of the model."""
    scopes = [
        Scope(
            replace(config, app_release=release, bootloader_release=release),
            2,
            has_factory,
            usage=Usage.DOCUMENTED,
        )
        for config, has_factory in BUILDS
        for release in Release
    ]
    assert [] == [scope for scope in scopes if shipped(scope) is None]


@pytest.mark.drift
@pytest.mark.parametrize("faults", [FaultModel.F1, FaultModel.F3])
@pytest.mark.thorough
def test_shipped_verdicts_are_those_of_the_prover(faults: FaultModel) -> None:
    """A sample of two; all with -m slow."""
    scope = replace(PLAIN, faults=faults)
    assert bare(shipped(scope) or {}) == bare(decided(scope))


@pytest.mark.slow
def test_every_shipped_verdict_is_that_of_the_prover() -> None:
    """Each model of up to two slots once; those of more slots by their digest alone: `make verdicts` decides them."""
    asked = {model_digest(scope): scope for group in groups() for scope in group}
    assert parse(FILE.read_text(encoding="utf-8")).keys() <= asked.keys()
    missing = {digest for digest, scope in asked.items() if shipped(scope) is None}
    for digest, scope in asked.items():
        if scope.slots <= 2:
            found = bare(decided(scope))
            if digest in missing:
                assert UNDECIDED in {verdict for verdict, _ in found.values()}
            else:
                assert bare(shipped(scope) or {}) == found
    assert {asked[digest].slots for digest in missing} <= {1, 2}


@pytest.mark.drift
def test_file_is_written_as_it_is_read() -> None:
    """A file changed by hand would differ, and a run without changes leaves it as it is."""
    text = FILE.read_text(encoding="utf-8")
    assert text == text_of(parse(text))


@pytest.mark.parametrize("rollback", [True, False])
@pytest.mark.parametrize("release", [Release.V5_1, Release.V6_1])
def test_what_may_hold_for_nothing_is_shipped_with_the_verdict(rollback: bool, release: Release) -> None:
    """As a search finds it."""
    config = Config(rollback=rollback, app_release=release, bootloader_release=release)
    scope = Scope(config, usage=Usage.DOCUMENTED)
    verdicts = shipped(scope)
    assert verdicts is not None
    unmet = {id_ for id_ in verdicts if id_ in PREMISES and premise_depth(scope, id_) is None}
    proved = {id_ for id_, item in verdicts.items() if item.verdict == "proved"}
    assert {id_ for id_, item in verdicts.items() if item.is_possibly_vacuous} == unmet & proved


def test_verdicts_survive_the_file() -> None:
    """Two models with the same verdicts share them."""
    one: Verdicts = {"C1": ModelVerdict("proved", 1), "C4": ModelVerdict("refuted", 9)}
    kept = {"a": one, "b": {"C1": ModelVerdict("bounded", None), "C11": ModelVerdict("proved", 1, True)}, "c": one}
    assert kept == parse(text_of(kept))
    assert 2 == text_of(kept).count("claims")


def test_device_without_shipped_verdicts_is_decided_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the solvers are installed; otherwise it says what to install."""
    monkeypatch.setattr(model_verdicts, "shipped", lambda scope: None)
    monkeypatch.setattr(model_verdicts, "decided", lambda scope: {"C1": ModelVerdict("proved", 1, method="told")})
    world = small_world(rollback=True)
    found = prove_for(world, FaultModel.F1)
    assert isinstance(found, Proofs)
    assert ("told", False) == (found.verdicts["C1"].method, found.is_shipped)
    monkeypatch.setattr(model_verdicts, "have_solvers", lambda: False)
    assert f"not shipped for this configuration: {INSTALL}" == prove_for(world, FaultModel.F1)


def test_nothing_is_decided_for_a_fast_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where the solvers are there; what is shipped is told."""
    world = small_world(rollback=True)
    found = prove_for(world, FaultModel.F0, decides=False)
    assert isinstance(found, Proofs) and found.is_shipped
    monkeypatch.setattr(model_verdicts, "shipped", lambda scope: None)
    wanted = "not shipped for this configuration, and none is decided here"
    assert wanted == prove_for(world, FaultModel.F0, decides=False)
