"""The page of releases: how their rules differ, on the simulated board, in the model, and in the cases."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from otaproof.campaign.conformance.release_probes import CALLS, PROBES, observe
from otaproof.campaign.history.known_cases import KNOWN_CASES
from otaproof.impl.partitions.generator_rules import GENERATOR_RULES
from otaproof.impl.release_rules import APP_RULES, BOOTLOADER_RULES, ReleaseRule
from otaproof.model.config import Config, Release

from .claims_page import verdict_range
from .life_cycle_page import field_docs
from .spec_page import SpecPage, code, repo_file
from .spec_scopes import BUILDS, RELEASES, USAGES, SpecScope, releases_label

_STANDS_FOR = {
    Release.V4_4: "4.4 to 5.0", Release.V5_1: "5.1 to 5.4; NodeMCU builds against 5.1.3", Release.V5_5: "5.5",
    Release.V6_0: "6.0", Release.V6_1: "6.1-beta1; its bootloader 6.1 as released",
    Release.V6_2_DEV: "6.1 as released, and the development branch after it",
}  # fmt: skip


def releases_page(kept: Mapping[str, Any]) -> SpecPage:
    """Return the page."""
    page = SpecPage("releases", "Releases and options")
    page.add(
        "A version of ESP-IDF is a set of rules, and the simulated board goes by those of the version itself. The "
        "device model has six classes of versions that do the same in it: `otaproof releases 5.1.4` says which class a "
        "version is of. Application and bootloader each have a version, since devices run new applications on old "
        "bootloaders. The rules are in "
        f"{repo_file('impl/release_rules.py')} and in the [device model](device-model.md), those of the partition "
        f"table in {repo_file('impl/partitions/table.py')}. Recordings of ESP-IDF 4.4, 5.1.3, 5.5.5, 6.0.2, 6.1-beta1 "
        "and the development branch show the differences, and recordings of the release branches from 3.3 to 6.1 those "
        "of versions between them.",
    )
    page.table(("class", "versions"), ((code(release.label), _STANDS_FOR[release]) for release in Release))
    page.heading("What changes when")
    page.add(
        "Each row is a script that the simulated board plays under the rules of each release "
        f"({repo_file('campaign/conformance/release_probes.py')}); error codes are shown without their prefix "
        "ESP_ERR_. `otaproof diff --matrix` prints the same table with the differences that a search of the device "
        "model finds. `otaproof diff 5.1 6.1` compares two releases for every order of calls.",
    )
    page.table(
        ("behaviour", *(release.label for release in Release)),
        ((probe.name, *(_short(observe(probe.name, release)) for release in Release)) for probe in PROBES),
    )
    page.add("Functions that only some releases have:")
    page.table(("function", "versions"), ((code(call.name), call.versions) for call in CALLS))
    _all_rules(page)
    _what_changes(page, kept)
    _options(page)
    return page


def _all_rules(page: SpecPage) -> None:
    page.heading("The rules, one by one")
    page.add(
        "Each rule with the versions that have it, by the tags of ESP-IDF whose sources were read. A backport begins a "
        "rule once more in an older branch."
    )
    page.add("Of the application:")
    _rules(page, APP_RULES)
    page.add(
        "Of the bootloader; but for the first two, also of an application that verifies an image or reads a table:"
    )
    _rules(page, BOOTLOADER_RULES)
    page.add(
        "Of gen_esp32part.py, which makes and checks partition tables, by the version of the application "
        f"({repo_file('impl/partitions/generator_rules.py')}):"
    )
    _rules(page, GENERATOR_RULES)


def _what_changes(page: SpecPage, kept: Mapping[str, Any]) -> None:
    page.heading("Cases that come or go")
    page.add("All other [named cases](cases.md#named-cases) happen in all releases.")
    page.table(
        ("case", "from", "until"),
        (
            (
                f"[{case.name}](cases.md#{case.name})",
                case.since.label,
                case.until.label if case.until else "–",
            )
            for case in KNOWN_CASES
            if case.since is not Release.V4_4 or case.until is not None
        ),
    )
    page.heading("Claims whose verdict changes")
    page.add(
        "From the [tables of verdicts](claims.md). All other claims have the same verdict in all releases. "
        "[The claims](claims.md) show a trace in sentences for each violated claim."
    )
    page.table(("claim", "build", "usage", *(releases_label(r) for r in RELEASES)), _changing(kept))


def _rules(page: SpecPage, rules: Iterable[ReleaseRule]) -> None:
    page.table(("rule", "meaning", "versions"), ((code(each.name), each.meaning, each.versions) for each in rules))


def _short(observed: str) -> str:
    """Return an observation, with its error code shortened."""
    return observed.replace("ESP_ERR_", "")


def _changing(kept: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for usage in USAGES:
        for build in BUILDS:
            claims = kept[SpecScope(build, Release.V5_1, usage).id]["claims"]
            for claim_id in claims:
                texts = [verdict_range(kept, SpecScope(build, release, usage), claim_id) for release in RELEASES]
                if len(set(texts)) > 1:
                    yield f"[{claim_id}](claims.md#{claim_id.lower()})", build.title, usage.value, *texts


def _options(page: SpecPage) -> None:
    page.heading("Options")
    page.add(f"The options of the two sdkconfigs and the chip that matter ({repo_file('model/config.py')}):")
    page.table(("field", "meaning"), ((code(name), text) for name, text in field_docs(Config).items()))
    page.add(
        "Not modelled: flash encryption, secure boot, the TEE, the recovery bootloader, updates of bootloader and "
        "partition table. `otaproof check` warns if they are enabled."
    )
