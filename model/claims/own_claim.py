"""A claim of the user's own: one sentence, and up to two readings, over the vocabulary of the claims of this project.

A sweep asks the reading on the board, after each power cut (observation.py). The prover asks the reading of the model,
in every state of every history (state_claims.py). What a reading of the user's does wrong is told in one line that
names the claim.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from ...errors import InputError
from ..device.model import DeviceModel, device_model
from ..device.state import Device, Ghost, Scope
from ..terms.terms import Bool, fields_of
from .claims import Claim
from .cut_claims import CUT_CLAIMS, CutClaim, Reading
from .observation import Observation
from .severity import Harm
from .state_claims import DeviceClaim, EffectStatement, Statement

OWN_SOURCE = "OWN"
"""What stands for the source of a claim of the user's own."""
_ID = re.compile(r"[A-Z][A-Z0-9-]{0,15}", re.ASCII)
_RESERVED = re.compile(r"C\d+", re.ASCII)


def _always(after: Observation) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnClaim:
    """One promise of the user's own. Raises InputError where it is none: a wrong id, or no reading."""

    id: str
    """Capitals, digits and hyphens, such as X1; C and a number are the claims of this project."""
    sentence: str
    """The promise as one plain sentence."""
    on_board: Reading | None = None
    """Holds of what is observed after a power cut, where the premise does."""
    when: Reading = _always
    """The premise of the reading on the board."""
    in_model: Statement | None = None
    """Holds in every state of the device model, where the premise does: a term."""
    when_in_model: Statement | None = None
    """The premise of the reading of the model: a term; the prover tells where a short search does not reach it."""
    of_effects: EffectStatement | None = None
    """In place of it, of a state and what each action makes of it."""
    harm: Harm = Harm.MISREPORT
    """What a violation means for a device."""
    needs_rollback: bool = False
    needs_anti_rollback: bool = False
    needs_trial: bool = False
    """Says nothing of an application that accepts itself as soon as it starts."""
    told: Claim = field(init=False, repr=False)
    """The same as the reports have it."""

    def __post_init__(self) -> None:
        """Refuse what is no claim."""
        if not isinstance(self.id, str) or _ID.fullmatch(self.id) is None:
            raise InputError(f"claim {str(self.id)[:20]!r}: want an id of capitals, digits and hyphens, such as X1")
        if _RESERVED.fullmatch(self.id):
            raise InputError(f"claim {self.id}: C and a number are the claims of otaproof; want another id, such as X1")
        if not isinstance(self.sentence, str) or not self.sentence.strip() or not self.sentence.isprintable():
            raise InputError(f"claim {self.id}: want a sentence, in one line")
        if self.on_board is None and self.in_model is None and self.of_effects is None:
            raise InputError(f"claim {self.id}: has no reading; give on_board, in_model or both")
        if self.in_model is not None and self.of_effects is not None:
            raise InputError(f"claim {self.id}: give in_model or of_effects, not both")
        if self.when_in_model is not None and self.in_model is None:
            raise InputError(f"claim {self.id}: when_in_model is the premise of in_model; give in_model, too")
        needs = {n: getattr(self, n) for n in ("needs_rollback", "needs_anti_rollback", "needs_trial")}
        object.__setattr__(self, "told", Claim(self.id, _name(self.id), self.sentence, OWN_SOURCE, **needs))

    @property
    def cut_claim(self) -> CutClaim | None:
        """The claim as a sweep asks it; None where it has no reading on the board."""
        if self.on_board is None:
            return None
        met, due = partial(_read, self.id, "on_board", self.on_board), partial(_read, self.id, "when", self.when)
        return CutClaim(self.told, met, due)

    def device_claim(self, scope: Scope) -> DeviceClaim | None:
        """Return the claim as the prover asks it of a scope; None where it has no reading of the model.

        Which ghost variables it reads is found out. Raises InputError for a reading that gives no term."""
        if self.in_model is None and self.of_effects is None:
            return None
        meaning: Statement | EffectStatement
        if self.of_effects is not None:
            meaning = partial(_term_of_effects, self.id, self.of_effects)
        else:
            assert self.in_model is not None
            meaning = partial(_term, self.id, self.in_model, self.when_in_model)
        premise = None if self.when_in_model is None else partial(_premise, self.id, self.when_in_model)
        claim = DeviceClaim(self.told, meaning, is_over_effects=self.of_effects is not None, premise=premise)
        return replace(claim, ghosts=_ghosts_read(claim, scope))


def sweep_claims(own: Iterable[OwnClaim]) -> tuple[CutClaim, ...]:
    """Return the claims that a sweep checks, the user's own after those of this project."""
    return (*CUT_CLAIMS, *(cut for claim in own if (cut := claim.cut_claim) is not None))


def prover_claims(own: Iterable[OwnClaim], scope: Scope) -> tuple[DeviceClaim, ...]:
    """Return the user's own claims that the prover can ask of a scope, and that say something of it."""
    found = (claim.device_claim(scope) for claim in own if claim.told.applies_to(scope.config))
    return tuple(claim for claim in found if claim is not None)


def distinct(own: Iterable[OwnClaim]) -> tuple[OwnClaim, ...]:
    """Return the claims; raises InputError for two of one id, or for what is no claim."""
    found: dict[str, OwnClaim] = {}
    for claim in own:
        if not isinstance(claim, OwnClaim):
            raise InputError(f"claims: {str(claim)[:40]!r} is no OwnClaim")
        if claim.id in found:
            raise InputError(f"claim {claim.id}: there are two of this id")
        found[claim.id] = claim
    return tuple(found.values())


def is_own(claim_id: str) -> bool:
    """Tell whether an id is one that a claim of the user's own can have."""
    return _ID.fullmatch(claim_id) is not None and _RESERVED.fullmatch(claim_id) is None


def _name(claim_id: str) -> str:
    return f"own_claim_{claim_id.lower().replace('-', '_')}"


def _read(claim_id: str, name: str, reading: Reading, after: Observation) -> bool:
    """Ask a reading on the board."""
    try:
        answer = reading(after)
    except Exception as error:
        raise InputError(f"claim {claim_id}: {name} raises {_told(error)}") from error
    if not isinstance(answer, bool):
        raise InputError(f"claim {claim_id}: {name} returns {str(answer)[:40]!r}; want True or False")
    return answer


def _term(claim_id: str, reading: Statement, when: Statement | None, scope: Scope, device: Device) -> Bool:
    kept = _checked(claim_id, "in_model", lambda: reading(scope, device))
    return kept if when is None else _premise(claim_id, when, scope, device).implies(kept)


def _premise(claim_id: str, when: Statement, scope: Scope, device: Device) -> Bool:
    return _checked(claim_id, "when_in_model", lambda: when(scope, device))


def _term_of_effects(claim_id: str, reading: EffectStatement, model: DeviceModel) -> Bool:
    return _checked(claim_id, "of_effects", lambda: reading(model))


def _checked(claim_id: str, name: str, build: Callable[[], object]) -> Bool:
    try:
        term = build()
    except Exception as error:
        raise InputError(f"claim {claim_id}: {name} raises {_told(error)}") from error
    if not isinstance(term, Bool):
        raise InputError(
            f"claim {claim_id}: {name} returns {str(term)[:40]!r}; want a term, such as device.task != Task.STUCK"
        )
    return term


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _ghosts_read(claim: DeviceClaim, scope: Scope) -> frozenset[Ghost]:
    """Return the ghost variables that the term of a claim reads."""
    with_all = device_model(replace(scope, ghosts=frozenset(Ghost)))
    read = fields_of(claim.kept_in(with_all)) - _fields(scope, frozenset())
    return frozenset(ghost for ghost in Ghost if read & _fields(scope, frozenset({ghost})))


def _fields(scope: Scope, ghosts: frozenset[Ghost]) -> frozenset[str]:
    return frozenset(item.name for item in device_model(replace(scope, ghosts=ghosts)).fields)
