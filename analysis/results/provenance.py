"""What a result was made from, and by what, as a page tells it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InputDigest:
    """One input."""

    name: str
    """What it is."""
    file: str | None
    """Where it was read; null for what was made of several inputs."""
    size: int
    """In bytes."""
    sha256: str
    """In hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a result was made from, and by what."""

    version: str
    """Of otaproof."""
    command: tuple[str, ...]
    """The words of the command line that repeats it."""
    inputs: tuple[InputDigest, ...]
    """Files, and what the simulated board was given."""
    models: tuple[str, ...]
    """Digest of each device model with its claims; none where nothing was asked of one."""
