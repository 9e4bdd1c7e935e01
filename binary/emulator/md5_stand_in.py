"""The ROM's MD5, which the check of a partition table calls."""

import hashlib

from .core import Core, ProgramError, StandIn


class Md5StandIn:
    """Digests in progress, by the address of their context."""

    def __init__(self, core: Core) -> None:
        """Begin with none."""
        self._core = core
        self._digests: dict[int, bytes] = {}

    @property
    def functions(self) -> dict[str, tuple[int, StandIn]]:
        """Number of arguments and stand-in, by name. Source: esp_rom_md5.h."""
        return {
            "esp_rom_md5_init": (1, self._begin),
            "esp_rom_md5_update": (3, self._add),
            "esp_rom_md5_final": (2, self._end),
        }

    def _begin(self, context: int) -> None:
        self._digests[context] = b""

    def _add(self, context: int, source: int, length: int) -> None:
        self._digests[context] = self._begun(context) + self._core.read(source, length)

    def _end(self, to: int, context: int) -> None:
        self._core.write(to, hashlib.md5(self._begun(context), usedforsecurity=False).digest())

    def _begun(self, context: int) -> bytes:
        if context not in self._digests:
            raise ProgramError("goes on with an MD5 that it did not begin")
        return self._digests[context]
