"""The inputs of a selection as numbers and bytes, read from a model of boot_inputs' terms."""

from dataclasses import dataclass

from .boot_inputs import APP_COUNT, ENCRYPTED, FACTORY_OFFSET, OTADATA_OFFSET, OTADATA_SIZE, record_bits
from .model_reader import ModelReader


@dataclass(frozen=True, slots=True)
class SelectionInputs:
    """What a selection depends on."""

    records: tuple[bytes, bytes]
    app_count: int
    factory_offset: int
    """0: no factory partition."""
    otadata_offset: int
    """0: no otadata partition."""
    otadata_size: int
    encrypted: bool
    """Flash encryption is on."""

    @property
    def has_factory(self) -> bool:
        """There is a factory partition."""
        return self.factory_offset != 0


def read_selection(reader: ModelReader) -> SelectionInputs:
    """Return the inputs that a model has."""
    return SelectionInputs(
        (reader.data(record_bits(0)), reader.data(record_bits(1))),
        reader.number(APP_COUNT),
        reader.number(FACTORY_OFFSET),
        reader.number(OTADATA_OFFSET),
        reader.number(OTADATA_SIZE),
        bool(reader.number(ENCRYPTED)),
    )
