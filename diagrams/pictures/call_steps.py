"""Flow charts of the bootloader and of each call, read from the tasks and actions of the device model.

The order of the steps and the branches come from the model. Only the conditions at a branch are worded here, and a test
fails when the model has a branch without words.
"""

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from ...model.config import Config, Release, Selector
from ...model.device.action import Action
from ...model.device.record_tears import erased_tears, programmed_tears
from ...model.device.records import Check, Word
from ...model.device.state import Scope, Task
from ...model.fault_model import FaultModel
from ..drawing.flow import Edge, Flow, Node, Shape
from ..drawing.palette import Tone
from ..model_reading.action_graph import CALLS, ActionGraph
from ..model_reading.member_docs import member_docs

WIDEST = Scope(
    Config(rollback=True, anti_rollback=True, app_release=Release.V5_5, bootloader_release=Release.V5_5),
    has_factory=True,
)
"""A scope whose model has every step."""
BUILDS = {
    "without-rollback": (Scope(), "without rollback"),
    "with-rollback": (Scope(Config(rollback=True)), "with rollback"),
    "with-anti-rollback": (Scope(Config(rollback=True, anti_rollback=True)), "with rollback and anti-rollback"),
    "by-turns": (Scope(Config(rollback=True, selector=Selector.BY_TURNS)), "with rollback, otadata by turns"),
}
TURNS_CALLS = ("commence", "complete", "accept", "rollback")
"""The calls whose steps are others where otadata is kept by turns."""
_WIDEST_BY_TURNS = replace(WIDEST, config=replace(WIDEST.config, selector=Selector.BY_TURNS))
_TURN_WORDS = {"accept": "not accepted yet", "accept_again": "accepted already"}
"""The condition of an action where otadata is kept by turns, if that is something else."""
_TURN_DOCS = {
    Task.TRY: "The bootloader notes the try of a NEW state, then starts the slot.",
    Task.COMPLETE: "complete() selects the target …",
    Task.ACCEPT: "accept() makes what runs the image that stays …",
    Task.ROLLBACK: "rollback() notes what it gives up, then restarts …",
    Task.UNNAME: "commence() takes the slot that it is about to erase out of the state …",
}
"""What a task is where otadata is kept by turns, if that is something else."""
_ORDERS = {
    False: "The bootloader tries the selected slot, the slots below it, factory, then the slots above it.",
    True: "The bootloader tries the place that is selected, the one that rollback may go to, the slots below, factory, "
    "then the slots above.",
}
"""The order of trying; by turns or not."""

ACTION_WORDS = {
    "commence": "the state does not\nname the slot",
    "commence_of_named": "the state\nnames the slot",
    "boot_aborts": "a record is\nPENDING_VERIFY",
    "boot_tries_new": "the selected\nrecord is NEW",
    "boot_burns": "the selected record is VALID,\nits version not burned yet",
    "boot_starts": "otherwise",
    "complete": "verified",
    "complete_fails": "the image\ndoes not verify",
    "complete_rejects": "its secure version\nis too low",
    "accept": "not VALID yet",
    "accept_again": "VALID already",
    "write_first": "first part",
    "write_rest": "last part",
    "write_rest_broken": "last part,\ndamaged",
    "write_over": "over a whole\nimage",
}
"""The condition of an action, where several are possible."""
TASK_WORDS = {
    Task.SPARE: "the spare record does not\nname the running slot",
    Task.BURN_ACCEPT: "its version is\nnot burned yet",
    Task.BURN_FRESH: "its version is\nnot burned yet",
    Task.FRESH: "no record\nwas ever written",
    Task.COMPLETE: "not selected yet",
    Task.ROLLBACK: "not on trial",
    Task.SELECT: "on trial",
    Task.STUCK: "no image verifies",
    Task.STARTED: "",
    Task.RUN: "",
}
"""The condition of the next task, where several are possible."""
_DOCS = member_docs(Task)
_TONES = {
    Task.STARTED: Tone.GREEN,
    Task.STUCK: Tone.RED,
    Task.RUN: Tone.GREEN,
    Task.OFF: Tone.PLAIN,
}


def boot_flow(build: str) -> Flow:
    """Return the flow chart of the bootloader, a box for each task."""
    scope, words = BUILDS[build]
    graph = ActionGraph(scope)
    tasks = [Task.OFF, Task.SELECT]
    edges = [Edge(Task.OFF.name, Task.SELECT.name, "power_on", weight=4)]
    for task in tasks:  # grows during the loop
        branches = [(action, ACTION_WORDS[action.name]) for action in graph.decisions_of(task) if task is Task.SELECT]
        branches += [(steps[-1], "") for steps in [graph.steps_of(task)] if steps]
        for action, label in branches:
            for after, fork in _forks(graph, action):
                edges.append(
                    Edge(task.name, after.name, ",\n".join(filter(None, (label, fork))), _TONES.get(after, Tone.PLAIN))
                )
                if after not in tasks:
                    tasks.append(after)
    return Flow(
        f"boot-{build}",
        f"The bootloader's decision, {words}",
        f"What the bootloader does after a reset, {words}. " + " ".join(_sentence(edge) for edge in edges),
        tuple(_task_node(graph, task) for task in sorted(tasks)),
        tuple(edges),
        notes=(_ORDERS[scope.is_by_turns],),
    )


def call_flow(call: str, is_by_turns: bool = False) -> Flow:
    """Return the flow chart of a call's flash operations, with every step that some build has."""
    graph = ActionGraph(_WIDEST_BY_TURNS if is_by_turns else WIDEST)
    begins = list({_base(action): action for action in graph.begins(call)}.values())
    nodes = {call: Node(call, f"{_spoken(call)}", Shape.STATE, Tone.BLUE)}
    edges: list[Edge] = []
    todo: list[Task] = []

    def goal(task: Task) -> str:
        """Return the name of the first box of a task."""
        steps = graph.steps_of(task)
        if steps or (task is Task.SELECT and call == "power_on"):
            if task not in todo:
                todo.append(task)
            return steps[0].name if steps else task.name
        nodes.setdefault(task.name, _end_node(task, call))
        return task.name

    for action in begins:
        words = ACTION_WORDS | _TURN_WORDS if is_by_turns else ACTION_WORDS
        label = words[_base(action)] if len(begins) > 1 else ""
        if _is_flash(action):
            nodes[action.name] = _step_node(graph, action)
            edges.append(Edge(call, action.name, label))
            edges.append(Edge(action.name, Task.RUN.name))
            nodes.setdefault(Task.RUN.name, _end_node(Task.RUN, call))
            continue
        edges += _out(graph, action, call, label, goal)
    for task in todo:
        steps = graph.steps_of(task)
        for step in steps:
            nodes[step.name] = _step_node(graph, step)
        edges += [Edge(one.name, other.name, weight=4) for one, other in pairwise(steps)]
        if steps:
            edges += _out(graph, steps[-1], steps[-1].name, "", goal)
            continue
        nodes[task.name] = Node(task.name, f"select\n{_wrapped('which record is active?')}", Shape.STATE, Tone.BLUE)
        for action in graph.decisions_of(task):
            edges += _out(graph, action, task.name, ACTION_WORDS[action.name], goal)
    unused = {node.name for node in nodes.values()} - {end for edge in edges for end in (edge.before, edge.after)}
    title = f"The flash operations of {_spoken(call)}{', otadata by turns' if is_by_turns else ''}"
    return Flow(
        f"call-{call}{'-by-turns' if is_by_turns else ''}",
        title,
        f"{title}. " + " ".join(_sentence(edge) for edge in edges),
        tuple(node for node in nodes.values() if node.name not in unused),
        tuple(edges),
        notes=_cut_note(graph, todo),
        is_sideways=call != "power_on",
    )


def forks_without_words(scope: Scope) -> list[str]:
    """Return the branches of a scope that have no words here."""
    graph = ActionGraph(scope)
    missing = [
        f"{action.name} → {task.name}"
        for action in graph.actions.values()
        if len(graph.next_tasks(action)) > 1
        for task in graph.next_tasks(action)
        if task not in TASK_WORDS
    ]
    several = [graph.decisions_of(Task.SELECT), *(graph.begins(call) for call in CALLS)]
    return missing + [a.name for group in several if len(group) > 1 for a in group if _base(a) not in ACTION_WORDS]


def _forks(graph: ActionGraph, action: Action) -> Iterator[tuple[Task, str]]:
    """Yield the tasks that can come next, each with its condition where there are several."""
    tasks = graph.next_tasks(action)
    for task in tasks:
        is_selected = task is Task.RUN and Task.COMPLETE in tasks
        yield task, "selected already" if is_selected else TASK_WORDS[task] if len(tasks) > 1 else ""


def _out(graph: ActionGraph, action: Action, source: str, label: str, goal: Callable[[Task], str]) -> Iterator[Edge]:
    for task, fork in _forks(graph, action):
        yield Edge(source, goal(task), ",\n".join(filter(None, (label, fork))), _TONES.get(task, Tone.PLAIN))


def _task_node(graph: ActionGraph, task: Task) -> Node:
    steps = [_operation(graph, step) for step in graph.steps_of(task)]
    text = "\n".join([task.name, *_wrapped(_doc(graph, task)).split("\n")])
    flash = f"\n{', '.join(steps)}" if steps else ""
    tone = Tone.BLUE if task is Task.SELECT else Tone.ORANGE if steps else _TONES.get(task, Tone.PLAIN)
    return Node(task.name, text + flash, Shape.BOX if steps else Shape.STATE, tone)


def _step_node(graph: ActionGraph, step: Action) -> Node:
    task = step.tasks[0]
    title = _operation(graph, step)
    doc = "" if task is Task.RUN else f"\n{_wrapped(_doc(graph, task).strip(' …'), 26)}"
    is_first = graph.steps_of(task)[:1] in ([], [step])
    return Node(step.name, title + (doc if is_first else ""), Shape.BOX, Tone.ORANGE)


def _doc(graph: ActionGraph, task: Task) -> str:
    """Return what a task is, in a sentence."""
    by_turns = _TURN_DOCS.get(task) if graph.model.scope.is_by_turns else None
    return by_turns or _DOCS[task.name]


def _operation(graph: ActionGraph, step: Action) -> str:
    """Return a flash operation in a few words."""
    task, kind = step.tasks[0], step.name.rpartition("_")[2]
    if task is Task.RUN:
        return "program pages"
    match kind:
        case "burns":
            return "burn eFuse bits"
        case "programs" if graph.model.scope.is_by_turns:
            return "program the state"
        case "programs":
            erase = graph.steps_of(task)[0]
            return f"program {Word(graph.word_written(erase) or 0).name}"
        case _ if task in (Task.COMMENCE, Task.REJECT):
            return "erase the slot"
        case _:
            return "erase sector"


def _end_node(task: Task, call: str) -> Node:
    texts = {
        Task.RUN: "returns,\ncomplete(1) restarts" if call == "complete" else "returns",
        Task.SELECT: "restarts",
        Task.STARTED: "the image starts",
        Task.STUCK: "nothing boots",
    }
    return Node(task.name, texts[task], Shape.STATE, Tone.RED if task is Task.STUCK else Tone.GREEN)


def _cut_note(graph: ActionGraph, tasks: list[Task]) -> tuple[str, ...]:
    """Return a note on what a cut under F1 can leave of a record; empty if the call writes none."""
    if graph.model.scope.is_by_turns:
        is_written = any(len(graph.steps_of(task)) > 1 for task in tasks)
        note = "A power cut while a record is written leaves the state before or the one after, whatever the tear."
        return (note,) if is_written else ()
    words = [
        Word(word) for task in tasks for step in graph.steps_of(task) if (word := graph.word_written(step)) is not None
    ]
    left = {
        check
        for word in words
        for tears in (erased_tears, programmed_tears)
        for check, _ in tears(Check.RIGHT, word, FaultModel.F1)
    }
    if not left:
        return ()
    texts = {Check.EMPTY: "none", Check.WRONG: "one with a wrong check word", Check.RIGHT: "a whole one"}
    *others, last = (texts[check] for check in sorted(left))
    return (f"A power cut while a record is rewritten leaves {', '.join(others)} or {last}.",)


def _is_flash(action: Action) -> bool:
    return action.kind.value == "flash"


def _base(action: Action) -> str:
    return action.name.partition("_version_")[0]


def _spoken(call: str) -> str:
    functions = {
        "set_boot_running": "esp_ota_set_boot_partition(running)",
        "set_boot_factory": "esp_ota_set_boot_partition(factory)",
    }
    return functions.get(call, f"{call}()")


def _wrapped(text: str, width: int = 30) -> str:
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def _sentence(edge: Edge) -> str:
    why = f" ({' '.join(edge.label.split())})" if edge.label else ""
    return f"{edge.before} to {edge.after}{why}."
