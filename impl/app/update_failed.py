"""The error of an update library that is not ESP-IDF's own."""


class UpdateFailed(Exception):
    """A call of the library did not do what it is for; str() is the library's own text, where it has one."""
