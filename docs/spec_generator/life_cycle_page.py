"""The page of the life cycle: states, events, terms of the guards, rows and tears, printed from the model's table."""

import ast
import inspect
from collections.abc import Iterator

from otaproof.diagrams.model_reading.member_docs import member_docs
from otaproof.model.slot import situation
from otaproof.model.slot.life_cycle import ROWS, TABLE, TEARS, Event, Follows, Row, RowKind, Write
from otaproof.model.slot.situation import Guard, Place, Situation, State

from .spec_page import SpecPage, anchor, code, picture, repo_file

STATE_WORDS = {
    "NEW": "Marked for boot by a build with rollback, not started yet.",
    "TESTING": "Started once, not accepted yet: the state word PENDING_VERIFY.",
    "VALID": "Accepted; or written by the bootloader for the first image of a blank device.",
    "INVALID": "Rejected by rollback().",
    "ABORTED": "Under test at a reset without having been accepted.",
}
EVENT_WORDS = {
    "COMMENCE": "otaupgrade.commence().",
    "WRITE": "otaupgrade.write().",
    "COMPLETE": "otaupgrade.complete(). The restart that can follow is a separate event.",
    "ACCEPT": "otaupgrade.accept().",
    "INFO": "otaupgrade.info().",
}


def life_cycle_page() -> SpecPage:
    """Return the page."""
    page = SpecPage("life-cycle", "The life cycle of a slot")
    page.add(
        f"The states that `otaupgrade.info()` can report for one slot, and every transition between them. This page "
        f"prints the table of {repo_file('model/slot/life_cycle.py')}. For a call or reset that runs to its end "
        "exactly one row applies, so the order of the rows has no meaning. A proof shows this, and a test plays every "
        f"row on the simulated board ({repo_file('tests/campaign/test_life_cycle_on_board.py')}).",
        "A source such as [IDF-OTA-BEGIN] links to the file at its pinned commit; [the list of sources](sources.md) "
        "names the symbol to look for.",
    )
    page.cite("IDF-OTA-BEGIN")
    page.heading("With rollback")
    page.add(picture("life-cycle-with-rollback", "The life cycle of a slot, with rollback"))
    page.heading("Without rollback")
    page.add(picture("life-cycle-without-rollback", "The life cycle of a slot, without rollback"))
    _states(page)
    _events(page)
    _words(page)
    _rows(page)
    _interrupted(page)
    return page


def _states(page: SpecPage) -> None:
    page.heading("States")
    page.add(
        "The state of a slot is what `info()` reports for it: the state word of its *reported record*. That is the "
        "first of the two otadata records that has a correct check word and names the slot. The active record, which "
        "decides what boots, can be the other one."
    )
    docs = member_docs(State)
    page.table(
        ("state", "meaning"),
        ((anchor(f"state-{s.value}") + code(s.value), docs.get(s.name) or STATE_WORDS[s.name]) for s in State),
    )


def _events(page: SpecPage) -> None:
    page.heading("Events")
    docs = member_docs(Event)
    page.table(
        ("event", "what happens"),
        (
            (
                anchor(f"event-{e.value}") + code(e.value),
                " ".join(filter(None, (EVENT_WORDS.get(e.name), docs.get(e.name)))),
            )
            for e in Event
        ),
    )


def _words(page: SpecPage) -> None:
    page.heading("Terms of the guards")
    page.add("A guard is a condition on one slot at the moment of the event, composed of these terms:")
    facts = field_docs(Situation)
    places = member_docs(Place)
    plain = {
        "always": "No condition.",
        "rollback on": "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE is set.",
        "rollback off": "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE is not set.",
        "application from 5.5 on": "The application was built with release 5.5 or later.",
        "application from 6.0 on": "The application was built with release 6.0 or later.",
        "refused": facts["is_refused"],
        "done": "The call is not refused.",
        "selected": places["SELECTED"],
        "spare": places["SPARE"],
        "nothing selected": places["REJECTED"],
        "in sector 0": facts["in_first_sector"],
        "named twice": "Both records name the slot.",
        "named once": "At most one record names it.",
        "running": facts["is_running"],
        "target": facts["is_target"],
        "not the target": "It is another slot.",
        "target already selected": facts["target_is_selected"],
        "chosen": facts["is_chosen"],
        "no record, no factory": facts["is_fresh"],
        "started": facts["is_started"],
        "torn number names it by chance": facts["is_stray"],
        "given up by commence()": "Rollback on, application from 5.5 on: the inactive record, unless it names the "
        "running slot.",
        "erased as the last boot": "The inactive record, unless it names the running slot.",
        "overwritten by complete()": "The record in the sector that complete() writes: that of the spare record; from "
        "6.0 on that of the active record if it names the target already; sector 0 if no record is active.",
        "new record behind the reported one": "complete() writes sector 1 for a slot that sector 0 still names, so "
        "info() does not report it.",
        "new record in front of the reported one": "complete() writes sector 0 for a slot that sector 1 also names.",
    }
    missing = set(_guard_texts()) - plain.keys()
    if missing:
        raise ValueError(f"terms of guards that the page does not explain: {missing}")
    page.table(("term", "meaning"), ((code(text), meaning) for text, meaning in plain.items()))


def _guard_texts() -> Iterator[str]:
    for name, value in vars(situation).items():
        if isinstance(value, Guard) and not name.startswith("_"):
            yield value.text


def _rows(page: SpecPage) -> None:
    page.heading("Rows")
    kinds = "; ".join(f"*{kind.value}*: {text}" for kind, text in _kind_words())
    writes = "; ".join(f"*{write.value}*: {text}" for write, text in _write_words())
    page.add(
        f"Kinds of rows: {kinds}.",
        f"The effect on the slot's record: {writes}.",
        "*Same* means unchanged. *Hidden* is the state that the second record reports once the first is gone.",
    )
    made = [row for row in ROWS if "-T" not in row.id]
    for event in Event:
        rows = [row for row in made if row.events == (event,)]
        if rows:
            page.heading(f"Rows of {event.value}", 3)
            _row_table(page, rows)
    page.heading("Rows of steps that do not run to their end", 3)
    _row_table(page, [row for row in made if len(row.events) > 1])


def _row_table(page: SpecPage, rows: list[Row]) -> None:
    page.table(
        ("row", "before", "after", "when", "record", "kind", "source"),
        (
            (
                anchor(row.id) + row.id,
                _states_text(row.states_before),
                _after(row),
                row.when.text if not row.reach else f"{row.when.text}. In no recording or random run: {row.reach}",
                row.write.value,
                row.kind.value + (f" ({row.weakest.name})" if row.weakest is not None else ""),
                page.cite(row.source),
            )
            for row in rows
        ),
    )


def _interrupted(page: SpecPage) -> None:
    page.heading("Rows with a power cut or a failing flash operation")
    page.add(
        "A record is erased first and then programmed. Each row that writes generates further rows. `L30-E` is row L30 "
        "with a power cut between erase and program. `L30-F` is L30 with one of the two operations failing and "
        "returning an error. `L30-T7` is L30 with the state word torn as in T7; sequence number and check word are "
        "complete there. A record that is torn in another way no longer names a slot (rows [L90](#l90), [L91](#l91) "
        "and those with -E)."
    )
    page.table(
        ("tear", "state word that is written or erased", "reads as", "weakest fault model"),
        ((anchor(t.id) + t.id, code(t.word.value), code(t.reads.value), t.weakest.name) for t in TEARS),
    )
    whole = sum(row.kind not in (RowKind.POWER_CUT, RowKind.FLASH_ERROR) for row in TABLE)
    page.add(
        f"The whole table has {len(TABLE)} rows: {whole} for steps that run to their end, "
        f"{sum(row.kind is RowKind.POWER_CUT for row in TABLE)} for power cuts, "
        f"{sum(row.kind is RowKind.FLASH_ERROR for row in TABLE)} for flash errors."
    )
    torn = [row for row in TABLE if "-" in row.id]
    page.add(
        "<details><summary>All generated rows</summary>\n\n"
        + "| row | event | before | after | fault model |\n| --- | --- | --- | --- | --- |\n"
        + "\n".join(
            f"| {anchor(row.id)}{row.id} | {row.events[0].value if len(row.events) == 1 else 'any that writes'} | "
            f"{_states_text(row.states_before)} | {_after(row)} | "
            f"{row.weakest.name if row.weakest is not None else row.kind.value} |"
            for row in torn
        )
        + "\n\n</details>"
    )


def _states_text(states: tuple[State, ...]) -> str:
    return "any" if len(states) == len(State) else ", ".join(state.value for state in states)


def _after(row: Row) -> str:
    return f"*{row.after.value}*" if isinstance(row.after, Follows) else row.after.value


def _kind_words() -> Iterator[tuple[RowKind, str]]:
    docs = member_docs(RowKind)
    for kind in RowKind:
        yield kind, docs[kind.name][0].lower() + docs[kind.name][1:].rstrip(".")


def _write_words() -> Iterator[tuple[Write, str]]:
    docs = member_docs(Write)
    for write in Write:
        text = docs.get(write.name) or "It stays."
        yield write, text[0].lower() + text[1:].rstrip(".")


def field_docs(kind: type) -> dict[str, str]:
    """Return the docstring of each field of a dataclass."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for one, following in zip(body.body, body.body[1:], strict=False):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and isinstance(following, ast.Expr):
            value = following.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[one.target.id] = " ".join(value.value.split())
    return found
