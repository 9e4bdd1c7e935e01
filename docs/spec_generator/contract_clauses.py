"""The sentences of NodeMCU's documentation of otaupgrade, paraphrased one by one, with their evidence and exceptions.

A sentence has links to the claims that speak of it, or it says why none does; rows of the life cycle and pages show it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of a document, paraphrased."""

    text: str
    held_by: str = ""
    """Claims, rows and pages that support it, as Markdown."""
    but: str = ""
    """Its exceptions and limits."""
    because: str = ""
    """Why no claim speaks of it; empty if one does."""

    @property
    def evidence(self) -> str:
        """The cell of the table."""
        if not self.because:
            return self.held_by
        return f"*not claimed, because* {self.because}" + (f" See {self.held_by}." if self.held_by else "")


Section = tuple[str, str, tuple[Clause, ...]]
"""A heading, the id of the source, and the sentences in their order."""


def claims(*claim_ids: str) -> str:
    """Return links to claims."""
    return ", ".join(f"[{claim_id}](claims.md#{claim_id.lower()})" for claim_id in claim_ids)


def rows(*row_ids: str) -> str:
    """Return links to rows of the life cycle."""
    return ", ".join(f"[{row_id}](life-cycle.md#{row_id.lower()})" for row_id in row_ids)


def cases(*case_ids: str) -> str:
    """Return links to cases, by number or by name."""
    return ", ".join(f"[{case_id}](cases.md#{case_id.lower()})" for case_id in case_ids)


def disagreement(number: int) -> str:
    """Return a link to a disagreement between documents and code."""
    return f"[D{number}](documents.md#d{number})"


APPLICATION = "it is up to the application."
ADVICE = "it is advice."
REQUIREMENT = "it is required of the project."
FORM = "it is the form of a call, which tests play."
ERROR = "it is the error of one call, which tests play."
STEP = "it is one step, which tests play; claims are about histories."
FORMAT = "it is a format."

SEED_SECTIONS: tuple[Section, ...] = (
    ("The module", "SEED-INTRO", (
        Clause("The module gives access to the OTA support of ESP-IDF: new application firmware is applied and booted.", f"{claims('C17', 'C9')}, {rows('L10', 'L11')}"),
        Clause("Where the firmware comes from, and how it is downloaded, is not its concern.", because=APPLICATION),
        Clause("There must be at least two OTA slots, ota_0 and ota_1, and an otadata partition.", "[commence()](call-commence.md), [power_on](call-power_on.md)", f"With a factory partition one slot is enough while factory runs. A gap in the numbers breaks it: {cases('K13')}. Without otadata complete() still returns normally: {cases('R1')}.", because=REQUIREMENT),
        Clause("One slot hosts the running application.", claims("C10"), f"The running slot need not be the selected one: {cases('R11')}."),
        Clause("The upgrade is downloaded into the other slot.", claims("C3", "C21")),
        Clause("The image is marked as bootable only once it is downloaded and verified.", f"{claims('C2', 'C7', 'C14')}, {rows('L10', 'L11')}", f"An old record of the slot can mark it earlier: {cases('R15')}."),
        Clause("So incomplete upgrades, by loss of power, an interrupted download or otherwise, do no harm.", claims("C1", "C2", "C7", "C9", "C14", "C16", "C21"), f"The verdicts tell what harm can be done. With anti-rollback a device can be lost, by calls out of order ({cases('R7')}) and in documented use, with three slots and from F3 on with two ({claims('C1')})."),
        Clause("The process has three steps without rollback, and four with it.", f"{claims('C9')}, {rows('L11', 'L56')}; {rows('L10', 'L50', 'L30')}"),
        Clause("Without rollback: commence().", f"[commence()](call-commence.md), {claims('C15')}"),
        Clause("The image is fed to write() in chunks.", "[write()](call-write.md)", because=FORM),
        Clause("complete(1) finalises the upgrade and restarts into the new application.", f"{claims('C17')}, {rows('L11')}", f"accept() is possible without rollback, too, and a power cut in it does harm: {cases('K2')}."),
        Clause("With rollback there is a further step, once the new application has booted and was found to be good.", f"{claims('C4', 'C25')}, {rows('L50')}", f"{cases('accept-before-the-first-boot')}: accept() does not ask whether the new application has booted."),
        Clause("How it is found to be good is the user's choice.", because=APPLICATION),
        Clause("accept() marks the image as valid and allows it to be booted again.", f"{claims('C5', 'C20')}, {rows('L30')}"),
    )),
    ("commence()", "SEED-COMMENCE", (
        Clause("It wipes the spare slot.", f"[commence()](call-commence.md), {claims('C3')}", f"From 5.5 on, with rollback, it also erases the inactive record: {rows('L01')}, {cases('R14')}."),
        Clause("It prepares to receive the new firmware.", f"{claims('C15', 'C21')}, {rows('L05')}"),
        Clause("It has no parameters and returns nil.", "[commence()](call-commence.md)", because=FORM),
        Clause("It can raise an error when the upgrade cannot begin, as with a wrong partition setup.", f"[errors](call-commence.md#errors), {claims('C15', 'C26')}", f"After calls out of order commence() can fail until a reset, up to 5.5 without a power cut: {cases('R13')}."),
        Clause("*A second call is not documented.*", cases("R4"), "From 6.1 on a second call is refused until complete() has been called.", because="the document says nothing of it."),
    )),
    ("write(data)", "SEED-WRITE", (
        Clause("It writes a chunk to the right partition and place.", f"[write()](call-write.md), {claims('C3', 'C21')}, {rows('L06')}"),
        Clause("Data must come in order; ESP-IDF does not support other orders.", because=f"the module has no argument for a place; ESP-IDF has a function for it, which the module does not call ({cases('R30')})."),
        Clause("The data is a string of bytes, and the call returns nil.", "[write()](call-write.md)", because=FORM),
        Clause("It can raise an error when the data cannot be written, as when it is no OTA image, of which ESP-IDF checks something.", "[errors](call-write.md#errors)", f"Only the first byte is checked; complete() checks the rest. {cases('R5')}, {cases('R6')}.", because=ERROR),
    )),
    ("complete(reboot)", "SEED-COMPLETE", (
        Clause("It finalises the upgrade.", f"{claims('C17')}, {rows('L10', 'L11')}", f"Not near the maximum of the sequence numbers ({cases('K8', 'stray-number-wraps')}), and not if the switch fails, which the call does not report ({cases('R1', 'R25')})."),
        Clause("It restarts into the new firmware, if that is asked for.", f"[complete()](call-complete.md), {claims('C17')}"),
        Clause("The argument is 1 to restart at once, or nil to keep running.", "[complete()](call-complete.md), [usages](claims.md#configurations)", because="each of the two is a usage, with a column of verdicts.", but=f"Every number other than 0 restarts. A string raises an error after the switch: {cases('R2')}. The calls that may follow complete(nil) break claims: compare the columns *documented* and *restart-at-once* of [the verdicts](claims.md#verdicts)."),
        Clause("It returns nil.", "[complete()](call-complete.md)", because=FORM),
        Clause("It can raise an error if the image does not pass the validation.", f"[errors](call-complete.md#errors), {rows('L29')}, {claims('C2')}", f"An image with too low a secure version is erased without an error: {cases('too-old-image-is-wiped')}."),
        Clause("It can raise an error if nothing was written.", "[errors](call-complete.md#errors)", because=ERROR),
        Clause("*A power cut inside it is not documented.*", claims("C7"), "[Outcomes](call-complete.md#outcomes-of-a-power-cut) for each fault model and usage."),
    )),
    ("accept()", "SEED-ACCEPT", (
        Clause("With rollback a new image is booted once by default.", f"{claims('C4', 'C17')}, {rows('L50', 'L51')}", f"A power cut in that boot loses the update before it ever ran ({cases('trial-is-lost')}). An image with a torn state word runs without a test ({cases('K17')}). Deep sleep runs the image again ({cases('K20')})."),
        Clause("During this run it can make any checks.", because=APPLICATION),
        Clause("If it is satisfied it can mark itself as valid.", f"{claims('C13', 'C20')}, {rows('L30', 'L31')}", f"The call marks the active record, whichever image runs: {rows('L32')}, {cases('K7', 'R3')}."),
        Clause("Unless it is marked as valid, the next restart rolls back to the previous version.", f"{claims('C4', 'C25')}, {rows('L51')}", f"Up to 5.5 not after two calls of complete(): {cases('R12')}."),
        Clause("It has no parameters and returns nil.", "[accept()](call-accept.md)", because=FORM, but=f"It raises “firmware accept failed” if no record is active, and sometimes although the record is VALID: {cases('R16')}."),
        Clause("*A power cut inside it is not documented.*", claims("C7", "C14"), cases("K2", "R18") + "."),
    )),
    ("rollback()", "SEED-ROLLBACK", (
        Clause("With rollback, new firmware can ask for a return to the previous version.", f"{claims('C22')}, {rows('L40')}", "The call exists without rollback as well. It returns to the image of the other record, or to factory, which need not be the previous version."),
        Clause("If the call succeeds, the system restarts, and the call does not return.", f"{claims('C6')}, {rows('L40')}", f"After a fallback the same image starts again: {cases('R11')}."),
        Clause("It is possible even after the new version has called accept().", f"{rows('L40')}, {claims('C22')}", f"Only while the other record is bootable and its image complete: {disagreement(16)}, {cases('way-back-is-erased')}."),
        Clause("It never returns: the system restarts, or an error is raised.", claims("C6")),
        Clause("The error is raised, for example, when there is no other firmware.", f"{claims('C6')}, [errors](call-rollback.md#errors)", f"It considers one image, not all: {disagreement(4)}."),
    )),
    ("info()", "SEED-INFO", (
        Clause("Boot information, states and versions of the applications can be queried.", f"{claims('C10', 'C19')}, [info()](call-info.md)"),
        Clause("Typically the version of the running application is looked up.", because="the text of a description decides nothing.", but="A factory image has no entry."),
        Clause("The first result is the partition of the running application.", claims("C10")),
        Clause("The second result is the partition that boots next.", claims("C10"), f"It is the slot of the active record. info() does not verify the image, so another image can boot: {cases('R11')}."),
        Clause("The two are mostly the same, but after complete() the second may be a new partition.", f"{claims('C17', 'C10')}, {rows('L10', 'L11')}"),
        Clause("The third result has an entry for each OTA partition.", f"{rows('L07')}, [states](life-cycle.md#states)", "The entry is empty for a slot that no record names.", because=FORM),
        Clause("The state is one of new, testing, valid, invalid, aborted, and perhaps undefined.", f"{claims('C19', 'C20')}, [states](life-cycle.md#states)", f"It comes from the first record of the slot, not from the active one: {cases('R13')}."),
        Clause("invalid and aborted mean much the same.", f"{claims('C18')}, {rows('L40', 'L51')}", f"The selection skips both, the fallback neither: {disagreement(3)}."),
        Clause("A partition in state testing has to call accept() to become valid.", f"{claims('C13')}, {rows('L30')}"),
        Clause("There are name, date, time, version and ESP-IDF version of the build.", "[formats](formats.md#application-description)", because="the text of a description decides nothing."),
        Clause("There is the secure version, if secure boot is enabled.", f"[formats](formats.md#application-description), {claims('C8')}", "The field is there without secure boot as well. Anti-rollback decides whether it matters."),
    )),
)  # fmt: skip
