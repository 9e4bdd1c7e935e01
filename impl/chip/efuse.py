"""The eFuse field that holds the secure version: a unary counter that only grows.

The version is the number of burned bits. A burn sets all missing bits at once; when the power fails inside
it, any of them may be missing. A later burn that would program a burned bit again is refused whole
(ESP_ERR_EFUSE_REPEATED_PROG, ignored by the caller), so a gap that a torn burn left can stay for ever.
"""

from copy import copy

from ..esp_err import EspErr, OtaError
from ..program_end import PowerCut
from .flash import PlanNotReached


class Efuse:
    """The secure-version field of one chip; survives everything."""

    def __init__(self, bits: int = 0, secure_version_bits: int = 16) -> None:
        """Start with raw field `bits`, of which the lowest `secure_version_bits` (1 … 32) count."""
        self.bits = bits
        self.secure_version_bits = secure_version_bits
        self.burns: list[int] = []
        """The bits of every burn since `take_burns`, oldest first."""
        self._cut: tuple[int, int] | None = None
        self._failure: tuple[int, bool] | None = None

    @classmethod
    def of_version(cls, version: int, secure_version_bits: int = 16) -> "Efuse":
        """Return a field whose lowest `version` bits are burned."""
        return cls((1 << version) - 1, secure_version_bits)

    def fork(self) -> "Efuse":
        """Return another field in the same state."""
        other = copy(self)
        other.burns = [*self.burns]
        return other

    @property
    def secure_version(self) -> int:
        """The number of burned bits. Source: esp_efuse_fields.c esp_efuse_read_secure_version."""
        return (self.bits & ((1 << self.secure_version_bits) - 1)).bit_count()

    def is_secure_version_allowed(self, secure_version: int) -> bool:
        """Tell whether an image of that version may run. Source: esp_efuse_check_secure_version."""
        return secure_version >= self.secure_version

    def update_secure_version(self, secure_version: int) -> None:
        """Burn the field up to `secure_version`; a version the field already has changes nothing.

        Raises OtaError(INVALID_ARG) for more than the field can hold, and OtaError(FAIL) for less than it
        holds or a burn that fails. Source: esp_efuse_fields.c esp_efuse_update_secure_version."""
        if secure_version > self.secure_version_bits:
            raise OtaError(EspErr.INVALID_ARG)
        burned = self.secure_version
        if burned > secure_version:
            raise OtaError(EspErr.FAIL)
        new_bits = ((1 << secure_version) - 1) - ((1 << burned) - 1)
        if new_bits & self.bits == 0 and new_bits:
            self._burn(new_bits)

    def plan_cut(self, burn: int, done: int) -> None:
        """Cut the power in burn number `burn` from now, with only the bits of mask `done` taking effect."""
        self._cut = burn + len(self.burns), done

    def plan_failure(self, burn: int, is_done: bool) -> None:
        """Let burn number `burn` from now return an error, with all of its bits burned or none."""
        self._failure = burn + len(self.burns), is_done

    def end_plan(self) -> None:
        """Forget the planned cut or failure; raises PlanNotReached when it has not fired."""
        planned, self._cut, self._failure = self._cut or self._failure, None, None
        if planned is not None:
            raise PlanNotReached(f"eFuse burn {planned[0]} never happened: there were {len(self.burns)}")

    def take_burns(self) -> list[int]:
        """Return the burns since the last call, oldest first."""
        burns, self.burns = self.burns, []
        return burns

    def _burn(self, new_bits: int) -> None:
        self.burns.append(new_bits)
        if self._cut is not None and self._cut[0] == len(self.burns) - 1:
            done, self._cut = self._cut[1], None
            self.bits |= new_bits & done
            raise PowerCut
        if self._failure is not None and self._failure[0] == len(self.burns) - 1:
            is_done, self._failure = self._failure[1], None
            self.bits |= new_bits if is_done else 0
            raise OtaError(EspErr.FAIL)
        self.bits |= new_bits
