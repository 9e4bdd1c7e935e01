"""The model as compiled code: a state is one 64-bit word, and what comes after it is computed without jumps.

The text of a Python module is made from the terms, for the successors one, for the claims another; the loops of
bfs_kernels.py call their functions by address. numba compiles it and keeps the machine code beside it, in a cache
directory, so that is done once for a model; the name of the module is a digest of its text.

A step of an action is: keep the bits of the fields that stay, put in those of the fields that change. The word is
stored whether the action can be taken or not, and the count goes up only if it can. Actions of the same tasks are one
block, and `phase` and `sector` are decided first, since most of what the others say depends on them.

A part of a term that reads few bits becomes a table of its values in one constant: (constant >> bits) & 1.

The bits of `task` are stored inverted, so that no state is the word 0: there are not 32 tasks.
"""

import atexit
import errno
import hashlib
import importlib.util
import inspect
import itertools
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from ....bounded_input import shown
from ....errors import InputError
from ....model.device.action import MISHAPS, Action
from ....model.device.model import DeviceModel
from ....model.device.state import Task
from ....model.device.stepper import State
from ....model.terms.evaluate import evaluated
from ....model.terms.terms import Bool, Num, Op, Term, fields_of, number, replaced
from ....model.terms.walker import arguments_of
from ....model.terms.writer import Syntax, shaped
from ....output_file import write_file
from .cache_note import tell_once

WORD_BITS = 64
STATE_BITS = 63
"""Bits of a word without its sign."""
TABLE_BITS = 6
"""Bits that a table in one constant can be indexed by."""
TASK_FLIP = 31
SPLIT_BY = ("phase", "sector")
STEP = '@cfunc("int64(int64, int64, int64)", cache=True)'
"""How the functions are compiled that find states: of a state, an address, and how many are found."""
FACT = '@cfunc("int64(int64)", cache=True)'
"""How those are that tell something of a state."""


WORDS: Syntax = {
    Op.NOT: shaped("not {0}"),
    Op.EQUAL: shaped("{0} == {1}"),
    Op.LESS: shaped("{0} < {1}"),
    Op.PLUS: shaped("({0} + {1}) & {mask}"),
    Op.MINUS: shaped("({0} - {1}) & {mask}"),
    Op.CHOOSE: shaped("select({0}, {1}, {2})"),
}
"""How an operation reads in the compiled code, its arguments being variables; the others read the word of the state."""


class DoesNotFit(Exception):
    """A state of the model has more bits than a word."""


class Layout:
    """Where in the word each field lies."""

    def __init__(self, model: DeviceModel) -> None:
        """Lay the fields out in the order of the model, the first one lowest; raise DoesNotFit."""
        self.fields = model.fields
        self.widths = {field.name: max(1, field.bits) for field in model.fields}
        ends = itertools.accumulate(self.widths.values())
        self.positions = {name: end - self.widths[name] for name, end in zip(self.widths, ends, strict=True)}
        self.bits = sum(self.widths.values())
        if self.bits > STATE_BITS:
            raise DoesNotFit(f"a state of this scope takes {self.bits} bits, and the compiled search has {STATE_BITS}")

    def packed(self, state: State) -> int:
        """Return the word of a state, as the signed number that numba knows."""
        word = sum(value << self.positions[field.name] for field, value in zip(self.fields, state, strict=True))
        return signed(word ^ (TASK_FLIP << self.positions["task"]))

    def unpacked(self, word: int) -> State:
        """Return the state of a word."""
        word ^= TASK_FLIP << self.positions["task"]
        return tuple((word >> self.positions[f.name]) & (1 << self.widths[f.name]) - 1 for f in self.fields)

    def mask(self, names: Iterable[str]) -> int:
        """Return a word with ones in the places of these fields."""
        return sum(((1 << self.widths[name]) - 1) << self.positions[name] for name in names)


def signed(word: int) -> int:
    """Return 64 bits as a signed number."""
    word &= (1 << WORD_BITS) - 1
    return word - (1 << WORD_BITS) if word >> (WORD_BITS - 1) else word


def most_found(model: DeviceModel) -> int:
    """Return a number that is greater than any state's of successors."""
    return max(sum(task in action.tasks for action in model.actions) for task in Task) + 1


def successors_text(model: DeviceModel, onward: bool = False) -> str:
    """Return the text of the module with a model's successors; `onward` leaves out cuts and failures."""
    actions = [action for action in model.actions if not (onward and action.kind in MISHAPS)]
    return _module_text(_successors_lines(model, Layout(model), actions))


def facts_text(model: DeviceModel, facts: Sequence[Bool]) -> str:
    """Return the text of the module that tells which of these facts hold in a state, a bit for each."""
    return _module_text(_facts_lines(Layout(model), facts))


def _module_text(lines: Sequence[str]) -> str:
    head = (
        '"""Made by codegen.py from the device model."""',
        "from numba import cfunc",
        "from otaproof.proofs.explicit.compiled.llvm_intrinsics import put, select",
    )
    return "\n".join([*head, *lines, ""])


def load(text: str) -> int:
    """Return the address of the function of that text, from the cache directory if it was compiled before."""
    digest = hashlib.sha256((text + _versions()).encode()).hexdigest()[:24]
    name = f"otaproof_search_{digest}"
    if name in sys.modules:
        return int(sys.modules[name].function.address)
    path = _module_file(f"{name}.py", text)
    try:
        return _address(name, path)
    except Exception:  # what numba and pickle raise for machine code that is damaged is not documented
        tell_once(f"the cache of compiled searches in {path.parent} was damaged")
        _forget(path)
        return _address(name, _module_file(path.name, text))


def _address(name: str, path: Path) -> int:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return int(module.function.address)


def _module_file(name: str, text: str) -> Path:
    """Return a file with that text, in the cache directory; in a fresh one where that cannot be used."""
    try:
        return _file_in(_own(cache_directory()), name, text)
    except (OSError, InputError, RuntimeError) as error:  # RuntimeError: a user without a home
        tell_once(f"the cache of compiled searches is not used: {shown(str(error))}")
        return _file_in(_fresh_directory(), name, text)


def _file_in(directory: Path, name: str, text: str) -> Path:
    path = directory / name
    is_same = path.is_file() and path.read_bytes() == text.encode()
    if not is_same:
        if path.exists():
            tell_once(f"the cache of compiled searches in {directory} was damaged")
        # Written once: numba takes the time of the file for its version.
        write_file(path, text.encode())
    return path


def _own(directory: Path) -> Path:
    """Return a directory that nobody else can write to, made where there is none; raises OSError for another's.

    numba keeps machine code and pickles there, and runs what it finds."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.stat()
    if found.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(directory))
    if stat.S_IMODE(found.st_mode) & 0o077:
        directory.chmod(0o700)
    return directory


@cache
def _fresh_directory() -> Path:
    """Return a directory that goes when the program ends."""
    directory = tempfile.mkdtemp(prefix="otaproof-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return Path(directory)


def _forget(path: Path) -> None:
    """Remove the machine code of a file, of which some is damaged."""
    for kept in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        kept.unlink(missing_ok=True)


def cache_directory() -> Path:
    """Return where compiled searches are kept: OTAPROOF_CACHE, or otaproof in the user's cache directory."""
    said = os.environ.get("OTAPROOF_CACHE")
    home = os.environ.get("XDG_CACHE_HOME")
    return Path(said) if said else (Path(home) if home else Path.home() / ".cache") / "otaproof"


def _versions() -> str:
    """Return what the machine code depends on besides the text."""
    import numba  # noqa: PLC0415 - takes half a second, and most state spaces are small

    from . import llvm_intrinsics as intrinsics  # noqa: PLC0415

    return f"{numba.__version__} {sys.version} {inspect.getsource(intrinsics)}"


def _successors_lines(model: DeviceModel, layout: Layout, actions: Sequence[Action]) -> list[str]:
    """Return the function that finds what comes after a state: a block for the actions of each set of tasks."""
    lines = [STEP, "def function(s, found, count):"]
    position = layout.positions["task"]
    lines.append(f"    task = ((s >> {position}) & 31) ^ {TASK_FLIP}")
    groups: dict[tuple[Task, ...], list[Action]] = {}
    for action in actions:
        groups.setdefault(tuple(sorted(action.tasks)), []).append(action)
    names = itertools.count()
    for tasks, group in sorted(groups.items(), key=lambda item: len(item[0])):
        known: dict[str, Term] = {"task": number(tasks[0], 5)} if len(tasks) == 1 else {}
        steps = [
            (
                replaced(action.when, known),
                {field: replaced(term, known) for field, term in model.effects[action.name].items()},
            )
            for action in group
        ]
        lines.append(f"    if {_is_task(tasks)}:")
        lines += _Block(layout, names).lines(steps, SPLIT_BY, "        ")
    return [*lines, "    return count"]


def _is_task(tasks: Sequence[Task]) -> str:
    return f"task == {int(tasks[0])}" if len(tasks) == 1 else f"(({sum(1 << task for task in tasks)} >> task) & 1) != 0"


def _facts_lines(layout: Layout, facts: Sequence[Bool]) -> list[str]:
    """Return the function that tells which of the facts hold in a state, a bit for each."""
    lines = [FACT, "def function(s):"]
    lines.append(f"    task = ((s >> {layout.positions['task']}) & 31) ^ {TASK_FLIP}")
    by_terms: dict[tuple[Bool, ...], list[Task]] = {}
    for task in Task:
        known: dict[str, Term] = {"task": number(task, 5)}
        by_terms.setdefault(tuple(replaced(item, known) for item in facts), []).append(task)
    names = itertools.count()
    for terms, tasks in by_terms.items():
        if all(term.value == 0 for term in terms):
            continue
        writer = _WordWriter(layout, names)
        values = [f"select({writer.name(term)}, {1 << bit}, 0)" for bit, term in enumerate(terms) if term.value != 0]
        lines.append(f"    if {_is_task(tasks)}:")
        lines += [f"        {line}" for line in writer.lines]
        lines.append(f"        return {' | '.join(values)}")
    return [*lines, "    return 0"]


_Step = tuple[Bool, dict[str, Term]]
"""When an action is taken, and the fields that it changes."""


class _Block:
    """The lines for the actions of one set of tasks."""

    def __init__(self, layout: Layout, names: "itertools.count[int]") -> None:
        self.layout = layout
        self.names = names

    def lines(self, steps: Sequence[_Step], split_by: Sequence[str], indent: str) -> list[str]:
        """Return the lines, with a branch for each value of the fields to split by that are read."""
        steps = [step for step in steps if step[0].value != 0]
        if not steps:
            return [f"{indent}pass"]
        if not split_by:
            return self._straight(steps, indent)
        field, *rest = split_by
        if not any(field in fields_of(term) for when, effects in steps for term in (when, *effects.values())):
            return self.lines(steps, rest, indent)
        cases = [[_known(step, field, value) for step in steps] for value in (1, 0)]
        first, second = (self.lines(case, rest, indent + "    ") for case in cases)
        return [f"{indent}if (s >> {self.layout.positions[field]}) & 1:", *first, f"{indent}else:", *second]

    def _straight(self, steps: Sequence[_Step], indent: str) -> list[str]:
        writer = _WordWriter(self.layout, self.names)
        bases: dict[tuple[object, ...], str] = {}
        for when, effects in steps:
            taken = writer.name(when)
            kept = signed(~self.layout.mask(effects))
            constant, moving = 0, []
            for field, term in effects.items():
                position = self.layout.positions[field]
                flip = TASK_FLIP if field == "task" else 0
                if term.value is not None:
                    constant |= (term.value ^ flip) << position
                else:
                    moving.append((position, flip, term))
            key = (kept, *moving)
            if key not in bases:
                parts = [f"(s & {kept})"]
                for position, flip, term in moving:
                    parts.append(writer.placed(term, position))
                    constant_flip = flip << position
                    if constant_flip:
                        parts[-1] = f"({parts[-1]} ^ {constant_flip})"
                bases[key] = writer.local(" | ".join(parts)) if effects else "s"
            value = bases[key] if not constant else f"{bases[key]} | {signed(constant)}"
            writer.lines.append(f"count = put(found, count, {value}, {taken})")
        return [f"{indent}{line}" for line in writer.lines]


def _known(step: _Step, field: str, value: int) -> _Step:
    """Return a step where one field is known; an effect that is the field itself then changes nothing."""
    values: dict[str, Term] = {field: number(value)}
    return replaced(step[0], values), {name: replaced(term, values) for name, term in step[1].items()}


class _WordWriter:
    """Writes terms as assignments, each part once; no name is ever used for two things, which spares numba work."""

    def __init__(self, layout: Layout, names: "itertools.count[int]") -> None:
        self.layout = layout
        self._free = names
        self.lines: list[str] = []
        self._names: dict[Term, str] = {}
        self._texts: dict[str, str] = {}
        self._supports: dict[Term, frozenset[str]] = {}

    def local(self, text: str) -> str:
        """Return the local variable that holds the value of a text."""
        if text not in self._texts:
            self._texts[text] = f"v{next(self._free)}"
            self.lines.append(f"{self._texts[text]} = {text}")
        return self._texts[text]

    def placed(self, term: Term, position: int) -> str:
        """Return text for the term's bits, moved to their place in the word."""
        if isinstance(term, Bool):
            return f"select({self.name(term)}, {signed(1 << position)}, 0)"
        return f"({self.name(term)} << {position})"

    def name(self, term: Term) -> str:
        """Return the variable, or the constant, that holds the term."""
        if term.value is not None:
            return str(term.value) if isinstance(term, Num) else str(bool(term.value))
        if term not in self._names:
            self._names[term] = self.local(self._text(term))
        return self._names[term]

    def _text(self, term: Term) -> str:
        if term.op is Op.FIELD:
            return self._field(str(term.args[0]), isinstance(term, Bool))
        if self._fits_table(term):
            return self._table([term], term)
        args = arguments_of(term)
        if term.op in (Op.AND, Op.OR):
            return self._joined(term, [arg for arg in args if isinstance(arg, Bool)])
        return WORDS[term.op](term, [self.name(arg) for arg in args])

    def _field(self, name: str, is_fact: bool) -> str:
        text = f"(s >> {self.layout.positions[name]}) & {(1 << self.layout.widths[name]) - 1}"
        if is_fact:
            return f"({text}) != 0"
        return f"({text}) ^ {TASK_FLIP}" if name == "task" else text

    def _joined(self, term: Term, parts: Sequence[Bool]) -> str:
        """Return the text of an "and" or "or", parts that read the same few bits taken as one table."""
        symbol = " & " if term.op is Op.AND else " | "
        bundles: list[tuple[frozenset[str], list[Bool]]] = []
        for part in parts:
            support = self._support(part)
            for place, (known, members) in enumerate(bundles):
                if self._bits(known | support) <= TABLE_BITS and known & support:
                    bundles[place] = (known | support, [*members, part])
                    break
            else:
                bundles.append((support, [part]))
        names = []
        for _, members in bundles:
            if len(members) == 1:
                names.append(self.name(members[0]))
            else:
                names.append(self.local(self._table(members, term)))
        return symbol.join(names)

    def _fits_table(self, term: Term) -> bool:
        """Tell whether the values of a term for all it reads fit into one constant, and that is worth it."""
        support = self._support(term)
        bits = self._bits(support)
        is_plain = all(not isinstance(a, Term) or a.op in (Op.FIELD, Op.VALUE) for a in term.args)
        return bits <= TABLE_BITS and max(1, term.bits) << bits <= WORD_BITS and not is_plain and "task" not in support

    def _table(self, parts: Sequence[Term], term: Term) -> str:
        """Return the text that looks the value up; of several parts their "and" or "or", as the term says."""
        names = sorted(frozenset().union(*map(self._support, parts)), key=self.layout.positions.__getitem__)
        index = self.local(self._index(names))
        width = max(1, term.bits)
        constant = 0
        for row in range(1 << self._bits(names)):
            fields, rest = {}, row
            for name in names:
                fields[name] = rest & (1 << self.layout.widths[name]) - 1
                rest >>= self.layout.widths[name]
            values = [evaluated(part, fields) for part in parts]
            value = values[0] if len(parts) == 1 else int(all(values) if term.op is Op.AND else any(values))
            constant |= value << (row * width)
        shift = index if width == 1 else f"({index} * {width})"
        text = f"({signed(constant)} >> {shift}) & {(1 << width) - 1}"
        return f"({text}) != 0" if isinstance(term, Bool) else text

    def _index(self, names: Sequence[str]) -> str:
        """Return the text that puts the bits of the fields one after the other."""
        texts: list[str] = []
        done = 0
        run: list[str] = []
        for name in [*names, None]:
            if run and (
                name is None
                or self.layout.positions[name] != self.layout.positions[run[-1]] + self.layout.widths[run[-1]]
            ):
                width = self._bits(run)
                text = f"((s >> {self.layout.positions[run[0]]}) & {(1 << width) - 1})"
                texts.append(f"({text} << {done})" if done else text)
                done += width
                run = []
            if name is not None:
                run.append(name)
        return " | ".join(texts)

    def _bits(self, names: Iterable[str]) -> int:
        return sum(self.layout.widths[name] for name in names)

    def _support(self, term: Term) -> frozenset[str]:
        if term not in self._supports:
            if term.op is Op.FIELD:
                self._supports[term] = frozenset({str(term.args[0])})
            else:
                parts = [self._support(arg) for arg in term.args if isinstance(arg, Term)]
                self._supports[term] = frozenset().union(*parts)
        return self._supports[term]
