"""What is argued of a claim beyond its verdicts: paragraphs for the page of the claims, by claim."""

from .spec_page import anchor

CLAIM_NOTES: dict[str, tuple[str, ...]] = {
    "C1": (
        "**With three slots and anti-rollback the claim does not hold.** The tables are for two slots. With three, "
        "no factory image and documented use, a device can come to start nothing, and from there no upgrade "
        "completes ([C9](#c9)). Three power cuts lead to an image that runs while the record that decides, VALID, "
        "names another slot. commence() erases that slot and leaves the record. Once the first part of an image with "
        "a higher secure version is written there, a reset has the bootloader burn that version, though the image is "
        "not whole; then no image is allowed. `otaproof prove --claim C1 --slots 3 --anti-rollback --usage documented "
        "--idf 6.0` prints the history, and the simulated board replays it. With a factory image, rules 6.0 and "
        "three slots the claim holds.",
    ),
    "C11": (
        "**Where the claim says nothing.** With rollback and under F1, no history has two records that name one slot "
        "with different states: in restart-at-once usage under no release, in documented usage from 6.0 on. *Holds* "
        "and *proved* mean no more than that there, and `otaproof prove` adds *possibly vacuous*.",
    ),
    "C16": (
        "**Where the claim says nothing.** Without rollback a boot changes no record that decides, so the first "
        "power-on already starts what every later one starts; `otaproof prove` adds *possibly vacuous*.",
    ),
    "C4": (
        anchor("lemma-of-c4"),
        "**Lemma: no selector keeps the claim, if an image is “started” once its first instruction was executed.** A "
        "selector is whatever decides which image starts. It decides from flash, as nothing else survives a power "
        "failure. Suppose that a new image is marked, and that a power-on is about to start it. Perhaps the selector "
        "has noted this try in flash by then, perhaps it has not. The image executes its first instruction, which "
        "does not write flash. Consider two power failures:",
        "1. *just before the first instruction.* The image was not started, so the claim asks for it at the next "
        "power-on.\n"
        "2. *just after the first instruction.* The image was started and not accepted, so the claim asks for the "
        "previous one.",
        "Flash is the same in both cases, noted or not. So the selector starts the same image, and violates the claim "
        "in one of the two.",
        "What a selector can attain is this wording: a try counts from the moment at which its note is whole, whether "
        "the image came to run or not.",
        "**ESP-IDF violates the attainable wording, too.** The bootloader notes a try by a rewrite of the record: it "
        "erases the sector, which holds the mark NEW, and programs PENDING_VERIFY. A power cut between the two loses "
        "the mark while there is no note: the new image was never tried and is not started again "
        "([trial-is-lost](cases.md#trial-is-lost), under F0). A note that needs no erase, by clearing bits of the "
        "record that is there, would not lose the mark.",
    ),
}
