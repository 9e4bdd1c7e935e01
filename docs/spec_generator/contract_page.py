"""The page of the contract: each sentence of NodeMCU's documentation of otaupgrade, with its evidence and exceptions."""

from dataclasses import dataclass

from .spec_page import SpecPage, anchor


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of the documentation, paraphrased."""

    text: str
    held_by: str
    """Claims, rows and pages that support it, as Markdown."""
    but: str = ""
    """Its exceptions and limits."""


def _claim(claim_id: str) -> str:
    return f"[{claim_id}](claims.md#{claim_id.lower()})"


def _row(row_id: str) -> str:
    return f"[{row_id}](life-cycle.md#{row_id.lower()})"


def _case(case_id: str) -> str:
    return f"[{case_id}](cases.md#{case_id.lower()})"


SECTIONS: tuple[tuple[str, str, tuple[Clause, ...]], ...] = (
    ("The module", "SEED-INTRO", (
        Clause("It installs new application firmware and boots it. Transport of the image is up to the user.", "[write()](call-write.md)"),
        Clause("There must be at least two OTA slots, ota_0 and ota_1, and an otadata partition.", "[commence()](call-commence.md), [power_on](call-power_on.md)", f"With a factory partition one slot is enough while factory runs. A gap in the numbers breaks it: {_case('K13')}. Without otadata complete() still returns normally: {_case('R1')}."),
        Clause("One slot hosts the running application, the upgrade goes to the other.", _claim("C3")),
        Clause("The image is marked as bootable only once it is downloaded and verified.", f"[complete()](call-complete.md), {_row('L10')}, {_row('L11')}", f"An old record of the slot can mark it earlier: {_claim('C2')}, {_case('R15')}."),
        Clause("Unfinished upgrades, by loss of power or otherwise, do no harm.", f"{_claim('C1')}, {_claim('C9')}", f"Without rollback {_claim('C2')} and {_claim('C7')} are violated; with anti-rollback and calls out of order also {_claim('C1')}: {_case('R7')}."),
        Clause("Without rollback the steps are commence, write, complete(1).", f"{_row('L11')}, {_row('L56')}", f"accept() is still possible, and a power cut in it does harm: {_case('K2')}."),
        Clause("With rollback, accept() is a further step.", f"{_row('L50')}, {_row('L30')}"),
    )),
    ("commence()", "SEED-COMMENCE", (
        Clause("It wipes the spare slot and prepares to receive a new image.", f"[commence()](call-commence.md), {_row('L05')}", "From 5.5 on, with rollback, it also erases the inactive record: " + f"{_row('L01')}, {_case('R14')}."),
        Clause("It never touches the running application.", _claim("C3")),
        Clause("It raises an error when the upgrade cannot begin.", "[errors](call-commence.md#errors)", f"After calls out of order commence() can fail until a reset, up to 5.5 without a power cut: {_claim('C15')}, {_case('R13')}."),
        Clause("*A second call is not documented.*", _case("R4"), "From 6.1 on a second call is refused until complete() has been called."),
    )),
    ("write(data)", "SEED-WRITE", (
        Clause("It writes a chunk to the right partition and offset. Data must come in order.", f"[write()](call-write.md), {_row('L06')}"),
        Clause("It raises an error for data that is not an image.", "[errors](call-write.md#errors)", "Only the first byte is checked; complete() checks the rest."),
        Clause("It raises an error when the data cannot be written.", "[errors](call-write.md#errors)", f"{_case('R5')}, {_case('R6')}."),
    )),
    ("complete(reboot)", "SEED-COMPLETE", (
        Clause("It finalises the upgrade: the slot boots next.", f"{_row('L10')}, {_row('L11')}, {_claim('C4')}", f"Not near the maximum of the sequence numbers ({_case('K8')}), and not if the switch fails, which the call does not report ({_case('R1')}, {_case('R25')})."),
        Clause("With 1 it restarts at once, with nil it does not.", "[complete()](call-complete.md)", f"Every number other than 0 restarts. A string raises an error after the switch: {_case('R2')}."),
        Clause("It raises an error if the image does not pass validation, or nothing was written.", f"[errors](call-complete.md#errors), {_row('L29')}", "An image with too low a secure version is erased without an error: [too-old-image-is-wiped](cases.md#too-old-image-is-wiped)."),
        Clause("*A power cut inside it is not documented.*", _claim("C7"), "With rollback and proper usage, the old or the new image boots: up to 5.4 under every fault model, from 5.5 on under F0 and F1: [outcomes](call-complete.md#outcomes-of-a-power-cut)."),
    )),
    ("accept()", "SEED-ACCEPT", (
        Clause("With rollback a new image boots once.", f"{_claim('C4')}, {_row('L50')}, {_row('L51')}", f"A power cut in that boot loses the update before it ever ran ([trial-is-lost](cases.md#trial-is-lost)). An image with a torn state word runs without a test ({_case('K17')}). Deep sleep runs the image again ({_case('K20')})."),
        Clause("If it is not marked as valid, the next reboot goes back to the previous version.", f"{_claim('C4')}, {_row('L51')}", f"Up to 5.5 not after two calls of complete(): {_case('R12')}."),
        Clause("It marks the running image as valid.", f"{_row('L30')}, {_row('L31')}", f"It marks the active record, whichever image runs: {_row('L32')}, {_case('K7')}, {_case('R3')}."),
        Clause("From then on the image is booted again.", _claim("C5"), f"For a power cut inside accept() see {_case('K2')}, {_case('R18')}."),
        Clause("It returns nil.", "[accept()](call-accept.md)", f"It raises “firmware accept failed” if no record is active, and sometimes although the record is VALID: {_case('R16')}."),
    )),
    ("rollback()", "SEED-ROLLBACK", (
        Clause("It requests a return to the previous version. If it succeeds, the system reboots.", f"{_claim('C6')}, {_row('L40')}", f"After a fallback the same image starts again: {_case('R11')}."),
        Clause("It never returns: the system reboots, or an error is raised.", _claim("C6")),
        Clause("It raises an error when there is no other firmware.", "[errors](call-rollback.md#errors)", "It considers one image, not all: [D4](documents.md#d4)."),
        Clause("It is also possible after accept().", f"{_row('L40')}", "[D16](documents.md#d16)."),
    )),
    ("info()", "SEED-INFO", (
        Clause("Its first result is the running partition.", _claim("C10")),
        Clause("Its second result is the partition that boots next.", _claim("C10"), f"It is the slot of the active record. info() does not verify the image, so another image can boot: {_case('R11')}."),
        Clause("Its third result has an entry for each OTA slot, with state, name, date, time, version, secure_version and idf_version.", f"[states](life-cycle.md#states), {_row('L07')}", f"The entry is empty for a slot that no record names. The state comes from the first record, not from the active one: {_case('R13')}."),
        Clause("An image in state testing needs accept() to become valid.", f"{_row('L30')}, {_claim('C13')}"),
        Clause("invalid and aborted mean much the same.", f"{_row('L40')}, {_row('L51')}", "The selection skips both, the fallback neither: [D3](documents.md#d3)."),
    )),
)  # fmt: skip


def contract_page() -> SpecPage:
    """Return the page."""
    page = SpecPage("contract", "The contract of otaupgrade")
    page.add(
        "Each sentence of NodeMCU's documentation of its module `otaupgrade`, paraphrased, with its evidence and its "
        "exceptions. The evidence is a claim that is decided for all histories, a row of the life cycle that a test "
        "plays on the simulated board, or a page whose tables are played on it."
    )
    for title, source, clauses in SECTIONS:
        page.add(anchor(f"contract-{source.removeprefix('SEED-').lower()}"))
        page.heading(title)
        page.add(f"Documented in {page.cite(source)}.")
        page.table(
            ("promise", "evidence", "exceptions"),
            ((clause.text, clause.held_by, clause.but or "–") for clause in clauses),
        )
    return page
