"""The error for bad input: a file, a field or an argument that the user can put right."""


class InputError(Exception):
    """What the user gave cannot be used; the message is one line: what, where, and what is wanted. Exit code 2."""
