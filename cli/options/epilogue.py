"""What stands at the end of the `--help` of a command: examples, what the calls stand for, and the exit codes."""

import textwrap

from ...model.call_names import CALL_FUNCTIONS

_WIDTH = 78


def epilogue(*examples: str, codes: dict[int, str], names_calls: bool = False) -> str:
    """Return the text.

    examples: command lines, each as long as it may be at 80 columns; tests give each of them to the parser.
    names_calls: the command speaks of calls, so their ESP-IDF functions are named."""
    parts = ["\n".join(["Examples:", *(f"  {example}" for example in examples)])]
    if names_calls:
        parts.append("\n".join(["Calls, and the functions of ESP-IDF behind them:", *_call_lines()]))
    parts.append("\n".join(["Exit codes:", *(_code_lines(code, text) for code, text in codes.items())]))
    return "\n\n".join(parts)


def _code_lines(code: int, text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=f"  {code}  ", subsequent_indent=" " * 5)


def _call_lines() -> list[str]:
    """Return a line for each call, and a further one for what does not fit."""
    lines = []
    for name, functions in CALL_FUNCTIONS.items():
        line = f"  {name + '()':12}{functions[0]}"
        for function in functions[1:]:
            if len(line) + 2 + len(function) > _WIDTH:
                lines.append(line + ",")
                line = " " * 14 + function
            else:
                line += f", {function}"
        lines.append(line)
    return lines
