"""The error of an update library that is not ESP-IDF's own."""

from ..esp_err import EspErr


class UpdateFailed(Exception):
    """A call of the library did not do what it is for; str() is the library's own text, where it has one."""

    def __init__(self, text: str, code: EspErr | None = None) -> None:
        """Carry the text, and the error of ESP-IDF that is behind it or that says the same; None: there is none."""
        super().__init__(text)
        self.code = code
