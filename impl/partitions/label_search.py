"""How the bootloader looks for the label of a partition in the text of an option.

CONFIG_BOOTLOADER_DATA_FACTORY_RESET is never split: the label is searched in it, with a comma, a blank or an end of the
text on both sides. So a blank divides labels as a comma does, a label with a comma or a blank inside is found as it
stands, and part of such a label is found too. Where the label itself begins with such a character, or is empty, the
search can stay where it is for ever.
"""

from ..program_end import Hang

_DELIMITERS = ", "


def is_label_listed(option: str, label: str) -> bool:
    """Tell whether the text of the option names the label; raises Hang where the search never ends.

    Source: bootloader_common.c bootloader_common_label_search."""
    found = option.find(label)
    while found >= 0:
        end = found + len(label)
        if _is_bound(option, found - 1) and _is_bound(option, end):
            return True
        delimiter = next((at for at in range(found, len(option)) if option[at] in _DELIMITERS), None)
        if delimiter is None:
            return False
        following = option.find(label, delimiter)
        if following == found:
            raise Hang
        found = following
    return False


def _is_bound(option: str, at: int) -> bool:
    """Tell whether a label can end before the character at `at`, or begin behind it."""
    return not 0 <= at < len(option) or option[at] in _DELIMITERS
