"""Diagrams: what they read from the model, and that the committed files are up to date."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from otaproof.campaign.history.history import FIRST_PART, IMAGE_SIZE, History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.history_replay import token_of
from otaproof.campaign.history.history_token import encode_history_token
from otaproof.campaign.history.step import Step, StepName
from otaproof.cli.commands.diagram import contents
from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import main
from otaproof.diagrams import render
from otaproof.diagrams.catalogue import CATALOGUE, diagram_of
from otaproof.diagrams.drawing.canvas import Drawing
from otaproof.diagrams.drawing.flow import Edge, Flow, LineStyle, Node
from otaproof.diagrams.drawing.palette import DARK, Tone
from otaproof.diagrams.model_reading.action_graph import CALLS
from otaproof.diagrams.model_reading.guard_search import can_hold
from otaproof.diagrams.model_reading.member_docs import member_docs
from otaproof.diagrams.pictures.call_steps import BUILDS, WIDEST, boot_flow, call_flow, forks_without_words
from otaproof.diagrams.pictures.reachable import collapsed
from otaproof.diagrams.pictures.records_drawing import FIELDS, TWO_OTA
from otaproof.diagrams.pictures.slot_states import life_cycle, moves, states_of
from otaproof.diagrams.pictures.strips import NextImage, scope_of, strips
from otaproof.diagrams.pictures.trace_drawing import SAMPLE, trace_drawing
from otaproof.diagrams.pictures.turn_states import turn_moves
from otaproof.diagrams.pictures.upgrade_strip import NEW, OLD, upgrade_operations
from otaproof.diagrams.render import draw, find_renderer
from otaproof.errors import InputError
from otaproof.impl.app.esp_ota import EspOta
from otaproof.impl.otadata import SelectEntry, encode_entry
from otaproof.impl.partitions.csv_format import parse_csv
from otaproof.model.call_names import CALL_FUNCTIONS
from otaproof.model.config import Selector
from otaproof.model.device.state import Task
from otaproof.model.fault_model import FaultModel
from otaproof.model.slot.life_cycle import Event, RowKind
from otaproof.model.slot.situation import ALWAYS, ROLLBACK, RUNNING, State, hides
from otaproof.model.slot.state_machine import build_machine
from otaproof.project.builtin_tables import BUILTIN_TABLES
from otaproof.proofs.explicit.cut_outcomes import outcomes
from places import ROOT

DRAWN = ROOT / "diagrams/drawn"
WHEEL = find_renderer("graphviz-pure")
needs_wheel = pytest.mark.skipif(WHEEL is None, reason="graphviz-pure is not installed; make installs it")


@pytest.mark.drift
@pytest.mark.parametrize("name", CATALOGUE)
def test_committed_texts_are_those_of_the_model(name: str) -> None:
    """`otaproof diagram all --out diagrams/drawn --renderer graphviz-pure` writes them again."""
    diagram = diagram_of(name)
    forms = ["dot", *(["mermaid"] if diagram.mermaid() else []), *(["svg"] if isinstance(diagram, Drawing) else [])]
    for form in forms:
        path = DRAWN / f"{name}.{'mmd' if form == 'mermaid' else form}"
        assert path.read_bytes() == contents(diagram, form, None), path.name


@pytest.mark.drift
def test_nothing_else_is_committed() -> None:
    """A diagram that is gone from the catalogue leaves no file."""
    assert set(CATALOGUE) == {path.stem for path in DRAWN.iterdir()}
    assert set(CATALOGUE) == {path.stem for path in DRAWN.glob("*.svg")}


@pytest.mark.parametrize("name", CATALOGUE)
def test_diagram_has_its_name_a_title_and_a_description(name: str) -> None:
    """A reader who cannot see the picture has a description."""
    diagram = diagram_of(name)
    assert name == diagram.name
    assert len(diagram.title) > 5
    assert len(diagram.description) > len(diagram.title)


def test_every_committed_picture_is_sound_and_dressed() -> None:
    """It has a title, a description and dark colours, and it fits a page."""
    for path in sorted(DRAWN.glob("*.svg")):
        root = ET.fromstring(path.read_text(encoding="utf-8"))
        space = "{http://www.w3.org/2000/svg}"
        assert [f"{space}title", f"{space}desc", f"{space}style"] == [child.tag for child in root[:3]], path.name
        assert "prefers-color-scheme:dark" in (root[2].text or "")
        assert float(root.attrib["width"]) <= 1100, path.name


def test_every_colour_of_a_picture_has_a_dark_one() -> None:
    """A colour without one would stay light on a dark page."""
    for path in DRAWN.glob("*.svg"):
        body = path.read_text(encoding="utf-8").partition("</style>")[2]
        used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6}|[a-z]+)"', body)) - {"none"}
        assert used <= set(DARK), path.name


def test_no_light_colour_has_two_dark_ones() -> None:
    """Tones share no colour but that of plain text."""
    lights = [colour for tone in Tone for colour in (tone.colours.line, tone.colours.fill)]
    assert len(lights) == len(set(lights))


def test_guard_search_decides_satisfiability() -> None:
    """A guard that reads `rollback` cannot hold in a build without it."""
    assert can_hold(ALWAYS, False)
    assert can_hold(ROLLBACK & RUNNING & hides(State.NEW), True)
    assert not can_hold(ROLLBACK & RUNNING, False)
    assert not can_hold(RUNNING & ~RUNNING, True)


@pytest.mark.parametrize("rollback", [False, True])
def test_every_drawn_transition_is_one_of_the_machine(rollback: bool) -> None:
    """The `transitions` machine and the diagram read the same table."""

    class Model:
        """The object whose state the machine keeps."""

    machine = build_machine(Model(), RowKind)
    known = {
        (transition.source, transition.dest, trigger.partition(" (")[0])
        for trigger, event in machine.events.items()
        for transitions in event.transitions.values()
        for transition in transitions
    }
    drawn = {(move.before.value, move.after.value, move.event.value) for move in moves(RowKind, rollback)}
    assert drawn
    assert set() == drawn - known


def test_life_cycle_without_rollback_has_no_trial() -> None:
    """Only builds with rollback have NEW, testing and ABORTED."""
    assert (State.NONE, State.UNDEFINED, State.VALID, State.INVALID) == states_of(False)
    assert {State.NEW, State.TESTING, State.ABORTED} < set(states_of(True))


def test_life_cycle_shows_the_trial_and_how_a_cut_ends_it() -> None:
    """Normal arrows are solid; arrows of cuts are dashed."""
    edges = {(edge.before, edge.after, edge.line): edge.label for edge in life_cycle(True).edges}
    assert "power_on" == edges["new", "testing", LineStyle.SOLID]
    assert "accept" == edges["testing", "valid", LineStyle.SOLID]
    assert "cut in\npower_on" == edges["new", "none again", LineStyle.DASHED]


def test_erase_of_otadata_starts_at_any_state() -> None:
    """A transition that all states share is drawn once."""
    flow = life_cycle(True)
    assert [("any state", "none again")] == [
        (edge.before, edge.after) for edge in flow.edges if Event.ERASE_OTADATA.value in edge.label
    ]


def test_no_branch_of_the_model_is_without_words() -> None:
    """A new task or decision needs a line in diagrams/pictures/call_steps.py."""
    scopes = [WIDEST, *(scope for scope, _ in BUILDS.values())]
    assert [] == [missing for scope in scopes for missing in forks_without_words(scope)]


def test_every_task_says_what_it_is() -> None:
    """The text is the docstring under the member."""
    docs = member_docs(Task)
    assert "commence() erases the target." == docs["COMMENCE"]
    assert {task.name for task in Task} == set(docs)


def test_boot_without_rollback_never_aborts() -> None:
    """The flow follows the build."""
    tasks = {build: {node.name for node in boot_flow(build).nodes} for build in BUILDS}
    assert {"ABORT", "TRY"} & tasks["without-rollback"] == set()
    assert {"ABORT", "TRY"} < tasks["with-rollback"]
    assert {"BURN", "BURN_FRESH"} < tasks["with-anti-rollback"]


@pytest.mark.parametrize("call", CALLS)
def test_every_path_of_a_call_ends(call: str) -> None:
    """Every arrow has two boxes, and only end boxes have no successor."""
    flow = call_flow(call)
    names = {node.name for node in flow.nodes}
    assert {end for edge in flow.edges for end in (edge.before, edge.after)} <= names
    ends = names - {edge.before for edge in flow.edges}
    assert ends and ends <= {"RUN", "SELECT", "STARTED", "STUCK"}


def test_accept_erases_then_programs_valid() -> None:
    """The micro-steps have the order of the device model."""
    flow = call_flow("accept")
    labels = {node.name: node.label.partition("\n")[0] for node in flow.nodes}
    assert ("erase sector", "program VALID") == (labels["accept_erases"], labels["accept_programs"])
    assert ("accept_erases", "accept_programs") in {(edge.before, edge.after) for edge in flow.edges}


def test_strips_tell_what_the_readme_tells() -> None:
    """With rollback a cut in TRY loses the update; without, a cut in accept() starts a third image."""
    tried = next(strip for strip in strips(True) if strip.call == "power_on(): NEW")
    assert [{NextImage.OLD}, *[{NextImage.NEW}] * 4] == [{o for o, _ in cell.starts} for cell in tried.cells]
    accepted = next(strip for strip in strips(False) if strip.call == "accept()")
    assert NextImage.THIRD in {outcome for outcome, _ in accepted.cells[1].starts}
    everything = [o for r in (False, True) for s in strips(r) for cell in s.cells for o, _ in cell.starts]
    assert NextImage.NONE not in everything


@pytest.mark.parametrize("rollback", [False, True])
def test_strips_agree_with_the_outcomes_of_proofs(rollback: bool) -> None:
    """Two programs decide independently which image starts after a cut, over every reachable state."""
    words = {NextImage.OLD: "OLD", NextImage.NEW: "NEW", NextImage.THIRD: "THIRD", NextImage.NONE: "BRICK"}
    drawn: dict[str, set[str]] = {}
    for strip in strips(rollback):
        met = {words[outcome] for cell in strip.cells for outcome, _ in cell.starts if outcome in words}
        drawn.setdefault(strip.call.partition("(")[0], set()).update(met)
    proved = {cell.call.value: {o.name for o in cell.outcomes} - {"SAME"} for cell in outcomes(scope_of(rollback))}
    assert {call: proved[call] for call in drawn} == drawn


def test_upgrade_strip_ends_with_the_new_image() -> None:
    """It begins with the old one, and a cut while NEW becomes PENDING_VERIFY goes back to it."""
    moments = upgrade_operations(True)
    assert (OLD,) == moments[0].inside
    assert (NEW,) == moments[-1].after
    complete = next(m for m in moments if (m.call, m.operation) == (4, "program"))
    tried = next(m for m in moments if (m.call, m.operation) == (5, "erase"))
    assert ((NEW,), (OLD,)) == (complete.after, tried.inside)


def test_collapsed_graph_of_a_build_with_rollback() -> None:
    """A change of these numbers is a change of the model; check the picture."""
    plain, torn = collapsed(True, FaultModel.F0), collapsed(True, FaultModel.F1)
    assert (476, 5) == (plain.states, len(plain.boxes))
    assert (2598, 8) == (torn.states, len(torn.boxes))


def test_record_is_that_of_the_implementation() -> None:
    """Fields, sizes and order agree with the encoder."""
    raw = encode_entry(SelectEntry(0x11111111, 0x33333333, 0x44444444, b"\x22" * 20))
    drawn = b"".join(bytes([0x11 * (place + 1)]) * size for place, (_, size, _) in enumerate(FIELDS))
    assert raw == drawn


def test_layout_is_that_of_esp_idf() -> None:
    """It equals the parsed CSV of ESP-IDF."""
    table = parse_csv(BUILTIN_TABLES["TWO_OTA"].csv.encode())
    assert [(row.label, row.offset, row.size) for row in TWO_OTA] == [(p.label, p.offset, p.size) for p in table]


def test_layout_of_a_token_is_that_of_its_device() -> None:
    """The sample's device has no factory partition."""
    description = diagram_of("partition-layout", SAMPLE).description
    assert "ota_1 at 0x20000, 64 KiB" in description
    assert "factory" not in description


def test_functions_of_the_sequence_exist() -> None:
    """They are methods of EspOta."""
    assert [] == [name for names in CALL_FUNCTIONS.values() for name in names if not hasattr(EspOta, name)]


def test_trace_of_a_cut_shows_the_cut_and_the_verdict() -> None:
    """The sample loses the update to a power cut."""
    text = trace_drawing(SAMPLE).mermaid()
    assert "bootloader->>flash: erase 0xe000\n  Note over application,bootloader: THE POWER FAILS" in text
    assert text.endswith("C4 new_image_gets_one_boot is violated\n")


def test_trace_of_a_history_shows_its_steps() -> None:
    """Tokens of both kinds are drawn."""
    history = History(SmallDevice(), (SmallImage(1), SmallImage(2)), (Step(StepName.RESET), *upgrade(1)))
    drawing = trace_drawing(encode_history_token(token_of(history, "C4")))
    assert f"write(image 1, bytes 0 … {FIRST_PART - 1})" in drawing.mermaid()
    assert IMAGE_SIZE > FIRST_PART
    assert "C4: restarted" in drawing.mermaid()


def test_bad_token_is_told_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The exit code is 2."""
    assert ExitCode.BAD_INPUT == main(["diagram", "trace", "--token", "otp1.x", "--out", str(tmp_path)])
    assert 1 == len(capsys.readouterr().err.splitlines())
    assert ExitCode.BAD_INPUT == main(["diagram", "boot-with-rollback", "--token", SAMPLE, "--out", str(tmp_path)])
    with pytest.raises(InputError, match="token"):
        trace_drawing("otp1.x")


def test_without_a_renderer_the_texts_are_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The message names the missing pictures and what to install; exit code 3."""
    monkeypatch.setattr(render, "PROGRAMS", ())
    assert ExitCode.INCONCLUSIVE == main(["diagram", "call-accept", "--out", str(tmp_path)])
    assert {"call-accept.dot", "call-accept.mmd"} == {path.name for path in tmp_path.iterdir()}
    error = capsys.readouterr().err
    assert "call-accept.svg" in error
    assert "otaproof[diagrams]" in error


def test_a_drawing_needs_no_renderer_for_its_svg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The SVG is written without Graphviz."""
    monkeypatch.setattr(render, "PROGRAMS", ())
    assert ExitCode.HOLDS == main(["diagram", "outcome-strips", "--out", str(tmp_path)])
    assert (DRAWN / "outcome-strips.svg").read_bytes() == (tmp_path / "outcome-strips.svg").read_bytes()


def test_unknown_renderer_is_bad_usage(tmp_path: Path) -> None:
    """The error is reported before anything is written."""
    arguments = ["diagram", "all", "--renderer", "no-such-program", "--out", str(tmp_path / "out")]
    assert ExitCode.BAD_INPUT == main(arguments)
    assert not (tmp_path / "out").exists()


@needs_wheel
@pytest.mark.parametrize("name", ["life-cycle-with-rollback", "upgrade-strip"])
def test_wheel_draws_both_kinds(name: str) -> None:
    """A flow chart, and a drawing with pinned coordinates."""
    diagram = diagram_of(name)
    assert draw(diagram, "png", WHEEL).startswith(b"\x89PNG")
    svg = draw(diagram, "svg", WHEEL).decode()
    assert svg.startswith("<svg ")
    assert f'<title id="title">{diagram.title}</title>' in svg
    assert "Generated by" not in svg


@needs_wheel
def test_labels_keep_characters_with_a_meaning_in_dot_mermaid_and_xml() -> None:
    """Angle brackets, quotes, ampersands and backslashes."""
    hard = 'a <b> & "c" \\n d'
    flow = Flow("hard", hard, hard, (Node("x", hard), Node("end", hard)), (Edge("x", "end", hard),))
    texts = "".join(ET.fromstring(draw(flow, "svg", WHEEL)).itertext())
    assert texts.count("<b>") >= 5
    assert "<b>" not in flow.mermaid().split("n_x", 1)[1]


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        ((Step(StepName.COMMENCE),), "no application runs that could call"),
        ((Step(StepName.RESET), Step(StepName.POWER_OFF)), "the power fails between calls"),
        ((Step(StepName.RESET), Step(StepName.SET_BOOT, label="running")), "esp_ota-->>application: ok"),
    ],
)
def test_trace_shows_how_a_step_ends(steps: tuple[Step, ...], end: str) -> None:
    """A remark if no program runs any more, else an answer to the caller."""
    history = History(SmallDevice(), (SmallImage(1),), steps)
    last_but_one = trace_drawing(encode_history_token(token_of(history, "C1"))).mermaid().splitlines()[-2]
    assert last_but_one.endswith(end)


def test_life_cycle_by_turns_has_one_try_and_no_invalid() -> None:
    """A new image is on trial once; what was tried is accepted or given up, whatever is cut."""
    moves_of = {(move.before, move.after, move.event, move.kind) for move in turn_moves()}
    from_testing = {(after, event) for before, after, event, kind in moves_of if before is State.TESTING}
    assert {
        (State.VALID, Event.ACCEPT),
        (State.ABORTED, Event.ROLLBACK),
        (State.ABORTED, Event.POWER_ON),
    } <= from_testing
    assert {State.VALID, State.ABORTED} == {after for after, _ in from_testing}
    assert State.INVALID not in {state for before, after, _, _ in moves_of for state in (before, after)}
    assert (State.NONE, State.VALID, Event.POWER_ON, RowKind.NORMAL) in moves_of


def test_two_slots_by_turns_are_never_both_new_or_on_trial() -> None:
    """What info() reports of the running slot and of the other one, at any cut."""
    boxes = set(collapsed(True, FaultModel.F1, Selector.BY_TURNS).boxes)
    valid, testing = State.VALID, State.TESTING
    assert {(testing, valid), (valid, valid), (valid, State.NONE), (valid, State.ABORTED)} == boxes
