"""Files of options in the three forms that builds leave: sdkconfig, sdkconfig.json and sdkconfig.h."""

import json
import re
from pathlib import Path

from ..bounded_input import json_value
from ..errors import InputError
from .files import read_file
from .sdkconfig import Option, Sdkconfig, parse_sdkconfig

_DEFINED = re.compile(r"#define CONFIG_(\w+)[ \t]+(?!CONFIG_)(.*\S)")


def read_sdkconfig(path: Path) -> Sdkconfig:
    """Return what an sdkconfig, its defaults or a fragment says; raises InputError at the line that is wrong."""
    return parse_sdkconfig(_text(_contents(path), str(path)), str(path))


def read_options(path: Path) -> Sdkconfig:
    """Return what a file of options says, in whichever form it is."""
    return parse_options(_contents(path), str(path))


def parse_options(raw: bytes, file: str) -> Sdkconfig:
    """Return what the contents of a file of options say; `file` is its name for people."""
    text = _text(raw, file)
    if text.lstrip().startswith("{"):
        return _of_json(text, file)
    if "#define CONFIG_" in text:
        return _of_header(text, file)
    return parse_sdkconfig(text, file)


def _of_json(text: str, file: str) -> Sdkconfig:
    values = json_value(text, file, "; name the sdkconfig of the build")
    words = {True: "y", False: "n"}
    return Sdkconfig(
        {
            name: Option(name, words[value] if isinstance(value, bool) else json.dumps(value), file)
            for name, value in values.items()
        }
    )


def _of_header(text: str, file: str) -> Sdkconfig:
    """Return what a header says; it writes y as 1, and has no line for n."""
    numbered = ((number, _DEFINED.match(line)) for number, line in enumerate(text.split("\n"), 1))
    found = [(number, match[1], match[2]) for number, match in numbered if match]
    return Sdkconfig({name: Option(name, raw, f"{file}:{number}") for number, name, raw in found})


def _contents(path: Path) -> bytes:
    """Return the bytes of a file of options, which may be empty as no other file is."""
    return read_file(path) if not path.is_file() or path.stat().st_size else b""


def _text(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"{file}:{line}: byte 0x{raw[error.start]:02x} is no UTF-8; an sdkconfig is text") from None
