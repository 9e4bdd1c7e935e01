"""The sentences of ESP-IDF's guide to OTA updates, paraphrased one by one, with their evidence and exceptions."""

from .contract_clauses import ADVICE, APPLICATION, Clause, Section, cases, claims, disagreement, rows

OTHER_UPDATES = "updates of anything but the application are not modelled."
SECURITY = "flash encryption, secure boot and signatures are not modelled."
TOOL = "it is a tool on a PC; of what other programs write, only blank otadata and whole images are modelled."
ALLOWED = "[what a scope may allow](device-model.md#what-a-scope-may-allow)"

GUIDE_SECTIONS: tuple[Section, ...] = (
    ("OTA process overview", "IDF-OTA-SAFE-UPDATE", (
        Clause("A device updates itself with data that it receives while its normal firmware runs.", f"[write()](call-write.md), {claims('C3')}"),
        Clause("Safe update mode: if the power is cut during the update, the chip stays operational and can boot the current application.", claims("C1", "C7", "C9", "C14", "C16", "C21"), f"With anti-rollback and calls out of order a device can be lost: {cases('R7')}."),
        Clause("The application can be updated in this way, with two OTA slots and an OTA data partition.", "[commence()](call-commence.md), [power_on](call-power_on.md)", f"Without a gap in the numbers of the slots: {cases('K13')}."),
        Clause("The functions write to a slot that is not selected for booting.", claims("C3", "C21"), f"The target is the slot after the *running* one. Once complete(nil) has marked it, it is the selected one: {cases('K11')}."),
        Clause("Once the image is verified, the OTA data says that it is used for the next boot.", f"{claims('C2', 'C17')}, {rows('L10', 'L11')}"),
        Clause("Unsafe update mode: for the bootloader, the partition table and other data a power cut can make the device unusable.", because=OTHER_UPDATES),
    )),
    ("OTA data partition", "IDF-OTA-DATA-PARTITION", (
        Clause("A project that uses the OTA functions must have one.", "[formats](formats.md#otadata), [power_on](call-power_on.md)", f"Without it complete() returns normally and nothing is switched: {cases('R1')}."),
        Clause("If it is erased, the factory application boots.", "[power_on](call-power_on.md)"),
        Clause("If it is erased and there is no factory application, the first OTA slot boots.", f"[power_on](call-power_on.md#a-blank-device), {rows('L52')}", f"So it is, too, when power cuts have lost both records: {cases('R24')}."),
        Clause("After the first update it says which slot boots.", f"{rows('L10', 'L11')}, {claims('C17')}"),
        Clause("It has two sectors, so that a power failure while one is written does no harm.", claims("C7", "C14", "C16"), cases("K1", "K2", "aborted-image-boots") + "."),
        Clause("The sectors are erased and written independently, with matching data.", "[complete()](call-complete.md#flash-operations-and-a-power-cut-at-each)", f"The data does not match: {disagreement(2)}."),
        Clause("If they disagree, a counter says which one was written later.", claims("C11", "C12"), f"The counter has an end ({cases('K8')}), and a torn counter can have a right check word: [stray numbers](claims.md#stray-numbers)."),
    )),
    ("App rollback", "IDF-OTA-APP-ROLLBACK", (
        Clause("Rollback keeps the device working after an update.", claims("C1", "C25")),
        Clause("It goes back to the previous working application if the new one has critical errors.", claims("C4", "C22", "C25")),
        Clause("If the application works, it is marked VALID, and there is no restriction on booting it.", f"{claims('C5', 'C20')}, {rows('L30')}"),
        Clause("If it has critical errors, it is marked INVALID, and a reset follows.", f"{claims('C6')}, {rows('L40')}"),
        Clause("The bootloader does not select that application, and boots the one that worked before.", claims("C18", "C22"), f"If no other image verifies, the fallback starts it all the same: {cases('K6')}."),
        Clause("If the option is set and a reset comes before either call, the application is rolled back.", f"{claims('C4', 'C25')}, {rows('L51')}"),
        Clause("At its first boot the application reads its state, and if it is PENDING_VERIFY makes its diagnosis and calls one of both functions.", f"{rows('L50')}, {claims('C19')}", "What the diagnosis finds is up to the application."),
        Clause("If it cannot boot or run this code because of an abort, a reset or a loss of power, the bootloader marks it INVALID at the next boot and rolls back.", f"{claims('C4', 'C25')}, {rows('L51')}", f"It is marked ABORTED: {disagreement(1)}. Before the note of the try is whole, a power cut loses the update instead: {cases('trial-is-lost')}."),
        Clause("The state is in the OTA data, not in the image.", "[formats](formats.md#otadata)", f"The check word does not cover it: {cases('R8')}."),
        Clause("The OTA data has a counter, which points to the slot.", f"[formats](formats.md#otadata), {claims('C12')}"),
    )),
    ("App OTA state", "IDF-OTA-APP-STATE", (
        Clause("VALID: selected without restriction.", f"{claims('C5')}, {rows('L56')}"),
        Clause("UNDEFINED: selected without restriction.", rows("L56"), f"Any other state word is, as well: {cases('R8')}."),
        Clause("INVALID: not selected.", claims("C18"), f"{disagreement(3)}."),
        Clause("ABORTED: not selected.", claims("C18"), f"{disagreement(3)}."),
        Clause("NEW, with rollback: selected once; the bootloader changes it to PENDING_VERIFY at once.", f"{claims('C4', 'C17')}, {rows('L50')}", f"Before it verifies the image: {cases('R9')}."),
        Clause("PENDING_VERIFY, with rollback: not selected; it becomes ABORTED.", f"{claims('C4', 'C18')}, {rows('L51')}"),
        Clause("Without the option the two functions are optional, and NEW and PENDING_VERIFY are not used.", rows("L11", "L31", "L56"), f"A power cut in accept() does harm there: {cases('K2')}."),
        Clause("With the option the application must confirm itself, otherwise the next restart rolls it back.", f"{claims('C4', 'C25')}, {rows('L51')}"),
        Clause("So a new application has one attempt to boot.", claims("C4", "C17"), "[Lemma of C4](claims.md#lemma-of-c4): what counts as an attempt."),
    )),
    ("Rollback process", "IDF-OTA-ROLLBACK-PROCESS", (
        Clause("After the download `esp_ota_set_boot_partition` makes the partition bootable, with state NEW.", f"{claims('C17', 'C23')}, {rows('L10')}"),
        Clause("The system restarts.", "[complete()](call-complete.md)"),
        Clause("The bootloader writes ABORTED over PENDING_VERIFY.", rows("L51"), f"It ignores an error of that write: {cases('R32')}."),
        Clause("It selects an application that is neither INVALID nor ABORTED.", claims("C18")),
        Clause("If the selected one is NEW, it writes PENDING_VERIFY.", rows("L50")),
        Clause("The new application has started and should test itself.", because=APPLICATION),
        Clause("If the test succeeds, it must call the function that marks it VALID.", f"{claims('C13', 'C20')}, {rows('L30')}"),
        Clause("If the test fails, it calls the one that marks it INVALID and goes back to the previous application.", f"{claims('C6', 'C22')}, {rows('L40')}"),
        Clause("If it is not confirmed, the next boot makes ABORTED of PENDING_VERIFY, the application does not boot again, and the previous one does.", f"{claims('C4', 'C18', 'C25')}, {rows('L51')}", f"Up to 5.5 not after two switches to the slot: {cases('R12')}."),
    )),
    ("Unexpected reset", "IDF-OTA-UNEXPECTED-RESET", (
        Clause("A loss of power or a crash during the first boot rolls the application back.", claims("C4", "C25"), "[Lemma of C4](claims.md#lemma-of-c4)."),
        Clause("The self-test should be quick.", because=ADVICE),
        Clause("Only OTA partitions are rolled back, never the factory partition.", "[rollback()](call-rollback.md#precondition)", f"rollback() in factory acts on the selected record, if there is one: {cases('R11')}."),
    )),
    ("Booting invalid or aborted apps", "IDF-OTA-BOOTING-INVALID", (
        Clause("The last invalid partition can be looked up, set as boot partition, and boots after a restart.", f"{claims('C23')}, [esp_ota_set_boot_partition()](call-set_boot.md)", f"For the running slot not always: {disagreement(7)}. The function that looks it up is not modelled."),
        Clause("Whether a self-test is due is told by the state, PENDING_VERIFY.", claims("C19"), f"The state is that of the first record of the slot: {cases('R13')}."),
    )),
    ("Where the states are set", "IDF-OTA-WHERE-SET", (
        Clause("VALID: by the function that accepts.", f"{claims('C13')}, {rows('L30')}", f"Also by the bootloader, for the first image of a blank device: {rows('L52')}."),
        Clause("UNDEFINED: by `esp_ota_set_boot_partition` without rollback.", rows("L11"), f"A torn state word reads so, too: {cases('torn-new-is-never-tested')}."),
        Clause("NEW: by `esp_ota_set_boot_partition` with rollback.", rows("L10")),
        Clause("INVALID: by the functions that reject.", rows("L40")),
        Clause("ABORTED: at a reset that comes before the application is confirmed.", rows("L51")),
        Clause("PENDING_VERIFY: in the bootloader, of NEW.", rows("L50")),
        Clause("*Nothing is said of any other write by the bootloader.*", claims("C24"), f"A blank device gets its first record: {rows('L52')}."),
    )),
    ("Anti-rollback", "IDF-OTA-ANTI-ROLLBACK", (
        Clause("An application whose security version is lower than that of the eFuse is not gone back to.", claims("C8")),
        Clause("The bootloader selects only applications whose version is not lower than the chip's.", claims("C8")),
        Clause("The option is used together with rollback; a rollback is possible only to a version that is not lower.", claims("C8", "C22"), f"{disagreement(10)}."),
        Clause("The developer raises the version once the firmware is known to work, and releases it.", because="it is up to the developer."),
        Clause("The new application is downloaded.", "[write()](call-write.md)"),
        Clause("`esp_ota_set_boot_partition` erases an application whose version is too low, and no update takes place.", cases("too-old-image-is-wiped"), f"complete() does not report it: {cases('R1')}."),
        Clause("After the restart an application whose version is not lower is selected.", claims("C8", "C17")),
        Clause("If the OTA data is in its initial state and an image with a higher version was loaded by cable, the bootloader raises the version of the chip at once.", "[power_on](call-power_on.md), [formats](formats.md#secure-version-in-efuse)", f"It does so before it verifies the image: {cases('R7')}."),
        Clause("The application makes its diagnosis, marks itself VALID and raises the version of the chip.", f"{claims('C8', 'C20')}, {rows('L30')}", f"If the version does not fit the eFuse the call fails and the record is VALID: {cases('R16')}."),
        Clause("A rollback may fail, as there may be no application to boot; then it returns an error, and the state stays PENDING_VERIFY.", claims("C6"), f"The function has another name: {disagreement(8)}."),
        Clause("The next update is possible if the running application is VALID.", claims("C9", "C15")),
        Clause("To save the download, the version can be read from the first packet and compared.", because=ADVICE),
        Clause("The number of versions is limited by the bits of the eFuse field.", "[formats](formats.md#secure-version-in-efuse)", f"A torn burn uses up more: {cases('K15')}."),
        Clause("On the ESP32 the eFuse must have the encoding scheme NONE.", because="the encoding schemes of the eFuse are not modelled."),
        Clause("There must be no factory and no test partition.", because=f"the bootloader tries both all the same: {disagreement(15)}.", but=cases("K14") + "."),
        Clause("The version is kept in the description of the image, and on the chip in eFuse bits that are never cleared.", f"{claims('C8')}, [formats](formats.md#secure-version-in-efuse)"),
    )),
    ("The OTA tool", "IDF-OTA-OTATOOL", (
        Clause("otatool.py erases otadata, so that the device starts its factory application.", f"{ALLOWED}, [power_on](call-power_on.md)"),
        Clause("It writes an image into a slot.", ALLOWED, "Of a whole image, while the device is off."),
        Clause("It reads otadata and slots, erases slots, and switches the slot.", because=TOOL, but=f"It can leave a stale state word: {cases('K4a', 'K4b')}."),
    )),
    ("Other sections of the guide", "IDF-OTA-OTHER-SECTIONS", (
        Clause("Updates can be signed without secure boot.", because=SECURITY),
        Clause("Data partitions can be signed.", because=SECURITY),
        Clause("How to make an update faster.", because="no time is modelled."),
    )),
)  # fmt: skip
