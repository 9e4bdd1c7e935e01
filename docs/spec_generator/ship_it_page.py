"""The page for readers in a hurry: table, options and code with which nearly every claim is proved, and the rest."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from otaproof.analysis.remedy_code import whole_update_code
from otaproof.analysis.remedy_table import RemedyRow, RemedySet, remedies_for, rows
from otaproof.analysis.shipped_verdicts import Verdicts, shipped
from otaproof.impl.chip.flash_timing import SECTOR_ERASE, program_time
from otaproof.impl.otadata import ENTRY_SIZE
from otaproof.impl.release_points import NEWEST_READ, with_versions
from otaproof.model.claims.claims import CLAIMS, Claim
from otaproof.model.claims.severity import CONSEQUENCES
from otaproof.model.config import Config, Release
from otaproof.model.device.remedy_steps import remedied
from otaproof.model.idf_version import MASTER, IdfVersion
from otaproof.model.remedies import REMEDIES, RemedyKind

from .spec_page import SpecPage, fenced, repo_file

_TABLE = """\
# Name,   Type, SubType, Offset,   Size
nvs,      data, nvs,     0x9000,   0x4000
otadata,  data, ota,     0xd000,   0x2000
phy_init, data, phy,     0xf000,   0x1000
ota_0,    app,  ota_0,   0x10000,  0x1f0000
ota_1,    app,  ota_1,   0x200000, 0x1f0000"""
"""partitions.csv, for 4 MB of flash."""
_OPTIONS = """\
CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y
CONFIG_PARTITION_TABLE_CUSTOM=y
CONFIG_ESPTOOLPY_FLASHSIZE_4MB=y"""
"""sdkconfig.defaults."""
PROJECT_FILES = {"partitions.csv": f"{_TABLE}\n", "sdkconfig.defaults": f"{_OPTIONS}\n"}
"""The project of the page."""
_REASON = "A power cut while the bootloader notes the try loses the mark; the server offers the update again."


def ship_it_page() -> SpecPage:
    """Return the page."""
    page = SpecPage("ship-it", "Ship it like this")
    chosen = [(row, best_application_set(row)) for row in rows() if row.scope.config.rollback]
    left = sorted({id_ for row, on in chosen for id_ in row.best[on]}, key=lambda id_: int(id_[1:]))
    page.add(
        "For readers in a hurry: a product with two OTA slots, rollback, and an updater that keeps to the rules below. "
        f"Then every [claim](claims.md) but {_ids(left)} is proved for it, for any number of updates, restarts and "
        "power cuts of [F1](glossary.md#fault-model), as long as nothing else writes to these partitions. "
        "[Remedies](remedies.md) tells why, and what else helps.",
    )
    page.heading("Table and options")
    page.add(
        "Two slots of one size in 4 MB of flash, and no factory partition; `partitions.csv` and `sdkconfig.defaults`:",
        *(fenced(text.rstrip(), "text") for text in PROJECT_FILES.values()),
    )
    page.heading("The updater")
    page.table(("ESP-IDF", "rules", "claims that stay violated"), (_rule_row(row, on) for row, on in chosen))
    page.add(
        "In all of them: call complete() with an argument that restarts, call accept() only after a self-test, and "
        "rollback() where it fails. The code below does so. The tests compile it against declarations of ESP-IDF, run "
        "it, and compare what it erases with the simulated board.",
    )
    for on in dict.fromkeys(on for _, on in chosen):
        page.heading(f"For ESP-IDF {_branches(row for row, best in chosen if best == on)}", 3)
        page.add(fenced(whole_update_code(on), "c"))
    page.heading("What is proved")
    page.add(
        "*proved*: for every history. *possibly vacuous*: proved, but a short search did not meet what the claim "
        "speaks of. *–*: it speaks of devices that have what this one has not. The verdicts come with otaproof; a "
        "test decides them again.",
    )
    headers = ("claim", *(_branches([row]) for row, _ in chosen), "promise")
    page.table(headers, (_claim_row(claim, chosen) for claim in CLAIMS))
    page.add("Decide them yourself:", fenced("\n".join(_command(row, on) for row, on in chosen), "console"))
    page.heading("What stays, and how to live with it")
    window = SECTOR_ERASE + program_time(ENTRY_SIZE)
    page.add(
        f"{_ids(left)}: the first start of a new image is noted by an erase and a program of its record, some "
        f"{window * 1000:.0f} ms with typical flash. If the power fails in that time, the image before starts and goes "
        f"on. {CONSEQUENCES['C4'].why} So let the server offer the update again. Only a "
        "[patch of the bootloader](remedies.md#note-in-place) mends it. Accept both in `otaproof.toml`, and "
        "`otaproof check` fails of anything else (from 5.5 on, without erase-last-boot):",
        fenced(_policy(left), "toml"),
        fenced("otaproof check . --report page", "console"),
    )
    page.heading("Without rollback")
    page.add(*_without_rollback())
    page.heading("What this does not cover")
    page.add(
        "Power cuts that leave other bytes than a prefix (F2, F3), failing flash, other programs that write otadata, "
        "validation that is skipped (CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP and its like are off), "
        f"and what else the [claims](claims.md) leave out. {repo_file('analysis/remedies.json')} has the sets for "
        "two slots without a factory partition; for other tables ask `otaproof prove` with `--slots`, `--factory` and "
        "`--remedy`.",
    )
    return page


def _policy(left: Iterable[str]) -> str:
    """Return an otaproof.toml that accepts these claims."""
    accepted = (f'[[accept]]\nclaim = "{id_}"\nreason = "{_REASON}"' for id_ in left)
    return "\n\n".join(['remedy = ["restart-at-once", "erase-last-boot"]', *accepted])


def best_application_set(row: RemedyRow) -> RemedySet:
    """Return the best set of a row without a patch of the bootloader."""
    return next(on for on in row.best if all(REMEDIES[remedy].kind is RemedyKind.APPLICATION for remedy in on))


def _verdicts(row: RemedyRow, on: RemedySet) -> Verdicts:
    found = shipped(remedied(row.scope, on))
    assert found is not None, f"make verdicts: none for {on}"
    return found


def _claim_row(claim: Claim, chosen: Iterable[tuple[RemedyRow, RemedySet]]) -> tuple[str, ...]:
    return f"[{claim.id}](claims.md#{claim.id.lower()})", *(_cell(claim, *each) for each in chosen), claim.title


def _cell(claim: Claim, row: RemedyRow, on: RemedySet) -> str:
    found = _verdicts(row, on).get(claim.id)
    if found is None:
        return "–"
    is_silent = claim.id in row.unmet.get(on, ())
    return {"proved": "possibly vacuous" if is_silent else "proved", "refuted": "**violated**"}[found.verdict]


def _rule_row(row: RemedyRow, on: RemedySet) -> tuple[str, str, str]:
    rules = " ".join(f"[{remedy.value}](remedies.md#{remedy.value}): {REMEDIES[remedy].advice}" for remedy in on)
    return _branches([row]), rules, _ids(row.best[on])


def _command(row: RemedyRow, on: RemedySet) -> str:
    asked = " ".join(f"--remedy {remedy.value}" for remedy in on)
    newest = [release for release in row.releases if not release.endswith("-dev")][-1]
    return f"otaproof prove --idf {newest} {asked}"


def _branches(of: Iterable[RemedyRow]) -> str:
    """Return the branches of ESP-IDF whose rules make the models of these rows, as a range."""
    kept = list(of)
    found = [version for version in NEWEST_READ if version >= Release.V4_4.point and _row_of(version, kept[0]) in kept]
    names = [version.branch_label if version < MASTER else "master" for version in found]
    return f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0]


def _row_of(version: IdfVersion, like: RemedyRow) -> RemedyRow | None:
    """Return the row for a version of both bootloader and application, with rollback on or off as in another row."""
    plain = Config(rollback=like.scope.config.rollback)
    return remedies_for(replace(like.scope, config=with_versions(plain, version, version)))


def _without_rollback() -> Iterator[str]:
    for row in rows():
        if not row.scope.config.rollback:
            on = best_application_set(row)
            named = " and ".join(f"[{remedy.value}](remedies.md#{remedy.value})" for remedy in on)
            yield f"ESP-IDF {_branches([row])}: {named}; {_ids(row.best[on])} stays violated."
    yield (
        f"{CONSEQUENCES['C25'].why} Nothing takes a faulty image back then, with or without a power cut. Switch "
        "rollback on."
    )


def _ids(ids: list[str] | tuple[str, ...]) -> str:
    return " and ".join(f"[{id_}](claims.md#{id_.lower()})" for id_ in ids)
