"""How the bootloader finds a label in the text of an option: the cases that the recordings do not have."""

import pytest

from otaproof.impl.partitions.label_search import is_label_listed
from otaproof.impl.program_end import Hang


@pytest.mark.parametrize(
    ("option", "label", "expected"),
    [
        ("nvs, phy_init,otadata", "phy_init", True),
        ("nvs phy_init", "phy_init", True),
        ("nvs1,nvs", "nvs", True),
        ("nvs1,xnvs", "nvs", False),
        ("xnvs", "nvs", False),
        ("my nvs", "my nvs", True),
        ("my nvs", "nvs", True),
        ("a,b", "a,b", True),
        ("a,bc", "a,b", False),
        ("", "nvs", False),
        ("", "", True),
        ("nvs", "", False),
        ("nvs,", "", None),
        (",nvs", "", True),
        ("nvs, nvs2", "", None),
        ("nvs,phy", "", None),
        ("nvs,phyx", ",phy", None),
        ("nvs,,phy", "", None),
    ],
)
def test_label_is_searched_in_the_text(option: str, label: str, expected: bool | None) -> None:
    """Walked by hand along bootloader_common.c bootloader_common_label_search; None is a search without end."""
    if expected is None:
        with pytest.raises(Hang):
            is_label_listed(option, label)
    else:
        assert expected == is_label_listed(option, label)
