"""The model as machine code: a state is one 64-bit word, and what comes after it is computed without jumps.

The text of an LLVM module is made from the terms, for the successors one, for the claims another; machine_code.py has
it compiled, and the loops of bfs_kernels.py call its function by address. Facts are i1, numbers i64.

A step of an action is: keep the bits of the fields that stay, put in those of the fields that change. The word is
stored whether the action can be taken or not, and the count goes up only if it can. Actions of the same tasks are one
block, and `phase` and `sector` are decided first, since most of what the others say depends on them.

A part of a term that reads few bits becomes a table of its values in one constant: (constant >> bits) & 1.
"""

from collections.abc import Iterable, Sequence
from itertools import count

from ....model.device.action import MISHAPS, Action
from ....model.device.model import DeviceModel
from ....model.device.state import Task
from ....model.terms.evaluate import evaluated_in_rows
from ....model.terms.terms import Bool, Num, Op, Term, fields_of, number, replaced
from ....model.terms.walker import arguments_of
from .word_layout import TASK_FLIP, WORD_BITS, Layout, signed

TABLE_BITS = 6
"""Bits that a table in one constant can be indexed by."""
SPLIT_BY = ("phase", "sector")
STEP = "define i64 @function(i64 %s, i64 %found, i64 %before) {"
"""How a function begins that finds states: of a state, an address, and how many are found already."""
FACT = "define i64 @function(i64 %s) {"
"""How one begins that tells something of a state."""


def most_found(model: DeviceModel) -> int:
    """Return a number that is greater than any state's of successors."""
    return max(sum(task in action.tasks for action in model.actions) for task in Task) + 1


def successors_text(model: DeviceModel, onward: bool = False) -> str:
    """Return the text of the module with a model's successors; `onward` leaves out cuts and failures."""
    layout = Layout(model)
    function = _FunctionText(layout)
    function.lines += ["%words = inttoptr i64 %found to ptr", "%count = alloca i64", "store i64 %before, ptr %count"]
    groups: dict[tuple[Task, ...], list[Action]] = {}
    for action in model.actions:
        if not (onward and action.kind in MISHAPS):
            groups.setdefault(tuple(sorted(action.tasks)), []).append(action)
    for tasks, group in sorted(groups.items(), key=lambda item: len(item[0])):
        known: dict[str, Term] = {"task": number(tasks[0], 5)} if len(tasks) == 1 else {}
        steps = [
            (
                replaced(action.when, known),
                {field: replaced(term, known) for field, term in model.effects[action.name].items()},
            )
            for action in group
        ]
        after = function.branch(function.is_task(tasks))
        _write_steps(function, steps, SPLIT_BY)
        function.begin(after)
    function.lines += ["%all = load i64, ptr %count", "ret i64 %all"]
    return function.text(STEP)


def facts_text(model: DeviceModel, facts: Sequence[Bool]) -> str:
    """Return the text of the module that tells which of these facts hold in a state, a bit for each."""
    function = _FunctionText(Layout(model))
    by_terms: dict[tuple[Bool, ...], list[Task]] = {}
    for task in Task:
        known: dict[str, Term] = {"task": number(task, 5)}
        by_terms.setdefault(tuple(replaced(item, known) for item in facts), []).append(task)
    for terms, tasks in by_terms.items():
        if all(term.value == 0 for term in terms):
            continue
        after = function.branch(function.is_task(tasks))
        writer = _WordWriter(function)
        values = [writer.placed(term, bit) for bit, term in enumerate(terms) if term.value != 0]
        function.lines.append(f"ret i64 {writer.joined('or i64', values)}")
        function.begin(after, falls=False)
    function.lines.append("ret i64 0")
    return function.text(FACT)


class _FunctionText:
    """The lines of a function, in blocks; `%task` is the task of the state."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._names = count()
        self.lines: list[str] = []
        raw = self.assigned(f"lshr i64 %s, {layout.positions['task']}")
        self.task = self.assigned(f"xor i64 {self.assigned(f'and i64 {raw}, 31')}, {TASK_FLIP}")

    def assigned(self, operation: str) -> str:
        """Return the name of the result of an operation."""
        name = f"%v{next(self._names)}"
        self.lines.append(f"{name} = {operation}")
        return name

    def is_task(self, tasks: Sequence[Task]) -> str:
        """Return the name of the fact that one of the tasks is going on."""
        bits = self.assigned(f"lshr i64 {sum(1 << task for task in tasks)}, {self.task}")
        return self.assigned(f"trunc i64 {bits} to i1")

    def branch(self, condition: str) -> str:
        """Begin a block that is for where the condition holds; return the label of what comes without it."""
        inside, after = f"b{next(self._names)}", f"b{next(self._names)}"
        self.lines.append(f"br i1 {condition}, label %{inside}, label %{after}")
        self.lines.append(f"{inside}:")
        return after

    def begin(self, label: str, falls: bool = True) -> None:
        """Begin the block of a label; falls: the block before goes on with it."""
        self.lines += [f"br label %{label}"] if falls else []
        self.lines.append(f"{label}:")

    def jump_over(self, label: str) -> str:
        """Leave the block for one whose label is returned, and begin the block of the label given."""
        end = f"b{next(self._names)}"
        self.lines += [f"br label %{end}", f"{label}:"]
        return end

    def text(self, head: str) -> str:
        """Return the text of the module."""
        return "\n".join([head, *(f"  {line}" for line in self.lines), "}", ""])


_Step = tuple[Bool, dict[str, Term]]
"""When an action is taken, and the fields that it changes."""


def _write_steps(function: _FunctionText, steps: Sequence[_Step], split_by: Sequence[str]) -> None:
    """Write the actions of one set of tasks, with a branch for each value of the fields to split by that are read."""
    steps = [step for step in steps if step[0].value != 0]
    if not steps:
        return
    if not split_by:
        _write_straight(function, steps)
        return
    field, *rest = split_by
    if not any(field in fields_of(term) for when, effects in steps for term in (when, *effects.values())):
        _write_steps(function, steps, rest)
        return
    otherwise = function.branch(_WordWriter(function).bit(field))
    _write_steps(function, [_known(step, field, 1) for step in steps], rest)
    end = function.jump_over(otherwise)
    _write_steps(function, [_known(step, field, 0) for step in steps], rest)
    function.begin(end)


def _write_straight(function: _FunctionText, steps: Sequence[_Step]) -> None:
    layout, writer = function.layout, _WordWriter(function)
    found = function.assigned("load i64, ptr %count")
    for when, effects in steps:
        taken = writer.name(when)
        constant, moving = 0, []
        for field, term in effects.items():
            position = layout.positions[field]
            flip = TASK_FLIP if field == "task" else 0
            if term.value is not None:
                constant |= (term.value ^ flip) << position
            else:
                placed = writer.placed(term, position)
                moving.append(writer.local(f"xor i64 {placed}, {flip << position}") if flip else placed)
        kept = writer.local(f"and i64 %s, {signed(~layout.mask(effects))}") if effects else "%s"
        value = writer.joined("or i64", [kept, *moving])
        value = writer.local(f"or i64 {value}, {signed(constant)}") if constant else value
        place = function.assigned(f"getelementptr i64, ptr %words, i64 {found}")
        function.lines.append(f"store i64 {value}, ptr {place}")
        one = function.assigned(f"zext i1 {taken} to i64")
        found = function.assigned(f"add i64 {found}, {one}")
    function.lines.append(f"store i64 {found}, ptr %count")


def _known(step: _Step, field: str, value: int) -> _Step:
    """Return a step where one field is known; an effect that is the field itself then changes nothing."""
    values: dict[str, Term] = {field: number(value)}
    return replaced(step[0], values), {name: replaced(term, values) for name, term in step[1].items()}


class _WordWriter:
    """Writes terms as operations of one block, each part once."""

    def __init__(self, function: _FunctionText) -> None:
        self.layout = function.layout
        self._function = function
        self._names: dict[Term, str] = {}
        self._locals: dict[str, str] = {}
        self._supports: dict[Term, frozenset[str]] = {}

    def local(self, operation: str) -> str:
        """Return the name of the result of an operation, which is written where it was not yet."""
        if operation not in self._locals:
            self._locals[operation] = self._function.assigned(operation)
        return self._locals[operation]

    def joined(self, operation: str, parts: Sequence[str]) -> str:
        """Return the name of what an operation makes of all parts."""
        first, *rest = parts
        for part in rest:
            first = self.local(f"{operation} {first}, {part}")
        return first

    def placed(self, term: Term, position: int) -> str:
        """Return the term's bits, moved to their place in the word."""
        name = self.name(term)
        if isinstance(term, Bool):
            return self.local(f"select i1 {name}, i64 {signed(1 << position)}, i64 0")
        return self.local(f"shl i64 {name}, {position}")

    def name(self, term: Term) -> str:
        """Return the name, or the constant, that is the value of the term."""
        if term.value is not None:
            return str(term.value) if isinstance(term, Num) else str(bool(term.value)).lower()
        if term not in self._names:
            self._names[term] = self._value(term)
        return self._names[term]

    def bit(self, field: str) -> str:
        """Return the lowest bit of a field, as a fact."""
        return self._truncated(self.local(f"lshr i64 %s, {self.layout.positions[field]}"))

    def _value(self, term: Term) -> str:
        if term.op is Op.FIELD:
            field = str(term.args[0])
            return self.bit(field) if isinstance(term, Bool) else self._number(field)
        if self._fits_table(term):
            return self._table([term], term)
        args = arguments_of(term)
        if term.op in (Op.AND, Op.OR):
            return self._bundled(term, [arg for arg in args if isinstance(arg, Bool)])
        return self._operation(term, [self.name(arg) for arg in args])

    def _operation(self, term: Term, args: Sequence[str]) -> str:
        match term.op:
            case Op.NOT:
                return self.local(f"xor i1 {args[0]}, true")
            case Op.EQUAL:
                return self.local(f"icmp eq i64 {args[0]}, {args[1]}")
            case Op.LESS:
                return self.local(f"icmp ult i64 {args[0]}, {args[1]}")
            case Op.PLUS:
                return self._masked(self.local(f"add i64 {args[0]}, {args[1]}"), term.bits)
            case Op.MINUS:
                return self._masked(self.local(f"sub i64 {args[0]}, {args[1]}"), term.bits)
            case Op.CHOOSE:
                kind = "i1" if isinstance(term, Bool) else "i64"
                return self.local(f"select i1 {args[0]}, {kind} {args[1]}, {kind} {args[2]}")
        raise NotImplementedError(term.op)

    def _number(self, field: str) -> str:
        if field == "task":
            return self._function.task
        moved = self.local(f"lshr i64 %s, {self.layout.positions[field]}")
        return self._masked(moved, self.layout.widths[field])

    def _masked(self, name: str, bits: int) -> str:
        return self.local(f"and i64 {name}, {(1 << bits) - 1}")

    def _truncated(self, name: str) -> str:
        return self.local(f"trunc i64 {name} to i1")

    def _bundled(self, term: Term, parts: Sequence[Bool]) -> str:
        """Return the value of an "and" or "or", parts that read the same few bits taken as one table."""
        bundles: list[tuple[frozenset[str], list[Bool]]] = []
        for part in parts:
            support = self._support(part)
            for place, (known, members) in enumerate(bundles):
                if self._bits(known | support) <= TABLE_BITS and known & support:
                    bundles[place] = (known | support, [*members, part])
                    break
            else:
                bundles.append((support, [part]))
        names = [self.name(m[0]) if len(m) == 1 else self._table(m, term) for _, m in bundles]
        return self.joined(f"{term.op.value} i1", names)

    def _fits_table(self, term: Term) -> bool:
        """Tell whether the values of a term for all it reads fit into one constant, and that is worth it."""
        support = self._support(term)
        bits = self._bits(support)
        is_plain = all(not isinstance(a, Term) or a.op in (Op.FIELD, Op.VALUE) for a in term.args)
        return bits <= TABLE_BITS and max(1, term.bits) << bits <= WORD_BITS and not is_plain and "task" not in support

    def _table(self, parts: Sequence[Term], term: Term) -> str:
        """Return the value, looked up in a table; of several parts their "and" or "or", as the term says."""
        names = sorted(frozenset().union(*map(self._support, parts)), key=self.layout.positions.__getitem__)
        width = max(1, term.bits)
        rows = 1 << self._bits(names)
        columns: dict[str, list[int]] = {}
        place = 0
        for name in names:
            mask = (1 << self.layout.widths[name]) - 1
            columns[name] = [row >> place & mask for row in range(rows)]
            place += self.layout.widths[name]
        values = [evaluated_in_rows(part, columns, rows) for part in parts]
        joined = all if term.op is Op.AND else any
        column = values[0] if len(parts) == 1 else [int(joined(row)) for row in zip(*values, strict=True)]
        constant = sum(value << row * width for row, value in enumerate(column))
        index = self._index(names)
        shift = index if width == 1 else self.local(f"mul i64 {index}, {width}")
        found = self.local(f"lshr i64 {signed(constant)}, {shift}")
        return self._truncated(found) if isinstance(term, Bool) else self._masked(found, width)

    def _index(self, names: Sequence[str]) -> str:
        """Return the bits of the fields, one after the other; those that lie together are taken at once."""
        runs: list[list[str]] = []
        for name in names:
            if runs and self.layout.positions[name] == self._end(runs[-1][-1]):
                runs[-1].append(name)
            else:
                runs.append([name])
        parts: list[str] = []
        done = 0
        for run in runs:
            part = self._masked(self.local(f"lshr i64 %s, {self.layout.positions[run[0]]}"), self._bits(run))
            parts.append(self.local(f"shl i64 {part}, {done}") if done else part)
            done += self._bits(run)
        return self.joined("or i64", parts)

    def _end(self, field: str) -> int:
        return self.layout.positions[field] + self.layout.widths[field]

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
