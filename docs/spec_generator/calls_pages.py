"""A page for each call: preconditions, effects, errors, flash operations, and the outcomes of a power cut in it.

Operations and cuts are played on the simulated board. The outcome tables are those of proofs/explicit/cut_outcomes.py,
as docs/spec/verdicts.json keeps them.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from otaproof.campaign.history.history import IMAGE_SIZE
from otaproof.impl.app.otaupgrade import OtaUpgrade
from otaproof.model.fault_model import MODELLED_FAULTS
from otaproof.proofs.explicit.cut_outcomes import NO_SUCH_CALL

from .call_texts import CALLS, CallText
from .played_cuts import cut_rows, end_of
from .spec_page import SpecPage, code, picture, repo_file
from .spec_scopes import SpecScope, releases_label, spec_scopes
from .trace_text import trace_block


def call_pages(kept: Mapping[str, Any]) -> list[SpecPage]:
    """Return a page for each call; kept: the verdicts and outcomes."""
    return [_call_page(call, kept) for call in CALLS]


def functions_of(call: str) -> list[str]:
    """Return the `esp_ota_*` functions that a method of OtaUpgrade calls, in order; its helpers are followed."""
    found: dict[str, None] = {}
    names = [call]
    for name in names:  # grows when a method calls a helper
        tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(getattr(OtaUpgrade, name))))
        calls = sorted(
            (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)),
            key=lambda node: (node.lineno, node.col_offset),
        )
        for attribute in (node.func.attr for node in calls if isinstance(node.func, ast.Attribute)):
            if attribute.startswith("esp_ota_"):
                found[attribute] = None
            elif hasattr(OtaUpgrade, attribute) and attribute not in names:
                names.append(attribute)
    return list(found)


def _call_page(call: CallText, kept: Mapping[str, Any]) -> SpecPage:
    page = SpecPage(f"call-{call.name}", call.title)
    page.add(call.summary)
    if hasattr(OtaUpgrade, call.name):
        functions = ", then ".join(code(f"{name}()") for name in functions_of(call.name))
        page.add(f"`otaupgrade.{call.name}()` calls {functions} ({repo_file('impl/app/otaupgrade.py')}).")
    page.heading("Precondition")
    page.add("\n".join(f"- {text}" for text in call.preconditions))
    page.heading("Effect")
    page.add("\n".join(f"- {text}" for text in call.effects))
    if call.name != "info":
        page.heading("Errors")
        page.table(("raised", "when"), ((_raised(text), when) for text, when in call.errors))
    page.heading("Worth knowing")
    page.add("\n".join(f"- {text}" for text in call.remarks))
    if call.scenes:
        _steps(page, call)
    if call.outcomes:
        _outcomes(page, call, kept)
    return page


def _raised(text: str) -> str:
    return text if text.startswith(("nothing boots", "the bootloader")) else code(text)


def _steps(page: SpecPage, call: CallText) -> None:
    page.heading("Flash operations, and a power cut at each")
    for name in call.outcomes:
        page.add(picture(f"call-{name}", f"The flash operations of {name}"))
    page.add(
        "The tables are played on the simulated board. A power cut interrupts each operation before it begins, "
        "half-way (an erase: the first half of the sector; a program: the first 16 bytes), and after it. The next "
        "power-on follows. The brackets show what `info()` then reports for the slots. The slots begin at 0x10000 and "
        f"0x20000, or with a factory partition at 0x20000 and 0x30000. Images have {IMAGE_SIZE} bytes."
    )
    for scene in call.scenes:
        page.heading(scene.title, 3)
        page.add(f"Without a cut: {end_of(scene.history, scene.step)}.")
        page.table(
            ("", "operation", "cut before it", "cut half-way", "cut after it"),
            (
                (row.number, row.operation, row.before, row.half, row.after)
                for row in cut_rows(scene.history, scene.step)
            ),
        )


def _outcomes(page: SpecPage, call: CallText, kept: Mapping[str, Any]) -> None:
    page.heading("Outcomes of a power cut")
    page.add(
        "The tables show which image starts at the next power-on after a cut inside the call. *old*: the image that "
        "would have started before the call. *new*: the image that starts after the whole call. *same*: the two are "
        "the same image. **THIRD**: another image. **BRICK**: nothing boots. Each cell is exact over all reachable "
        "states, for histories of any length with any number of cuts, except for "
        f"[what the verdicts leave out](claims.md#left-out). “{NO_SUCH_CALL}” means that the call is never possible."
    )
    for name in call.outcomes:
        if len(call.outcomes) > 1:
            page.heading(code(name), 3)
        rows: dict[tuple[str, ...], list[SpecScope]] = {}
        for spec in spec_scopes():
            cells = kept[spec.id].get("outcomes", {}).get(name)
            if cells is not None:
                key = (spec.build.id, spec.usage.value, *(_bold(cells[f.name]["says"]) for f in MODELLED_FAULTS))
                rows.setdefault(key, []).append(spec)
        page.table(
            ("build", "usage", "releases", *(f.name for f in MODELLED_FAULTS)),
            (
                (group[0].build.title, key[1], ", ".join(releases_label(spec.release) for spec in group), *key[2:])
                for key, group in rows.items()
            ),
        )
        blocks = list(_examples(name, kept))
        if blocks:
            page.add("A shortest trace to each unsafe outcome, one for each build and usage:", *blocks)


def _bold(text: str) -> str:
    return text.replace("THIRD", "**THIRD**").replace("BRICK", "**BRICK**")


def _examples(name: str, kept: Mapping[str, Any]) -> Iterator[str]:
    """Yield a trace to each unsafe outcome, once per build and usage, under the weakest fault model that has it."""
    shown: set[tuple[str, str, str]] = set()
    for spec in spec_scopes():
        for faults in MODELLED_FAULTS:
            cell = kept[spec.id].get("outcomes", {}).get(name, {}).get(faults.name, {})
            for outcome, example in cell.get("unsafe", {}).items():
                key = (outcome, spec.build.id, spec.usage.value)
                if key in shown:
                    continue
                shown.add(key)
                cuts = "1 cut" if example["cuts"] == 1 else f"{example['cuts']} cuts"
                title = (
                    f"<strong>{outcome}</strong>, {spec.build.title}, {spec.usage.value} usage, release "
                    f"{spec.release.label}, {faults.name}, {cuts}: old {example['old']}, new {example['new']}, boots "
                    f"{example['found']}"
                )
                yield trace_block(title, spec.scope(faults), example["trace"])
