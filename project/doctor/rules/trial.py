"""Rules on the trial of a new image, on validation and on secure versions (D14 to D17, D20 to D27, D32)."""

from collections.abc import Iterator

from ....model.config import Release
from ...image_evidence import ANTI_ROLLBACK, ROLLBACK
from ..rule import RuleFinding, Severity, at, at_release, rule
from ..subject import Need, Subject
from .kconfig import SKIPS, skip_validate_with_signatures

_KCONFIG = "components/bootloader/Kconfig.projbuild"
_ROLLBACK_KCONFIG = "components/bootloader/Kconfig.app_rollback"


@rule(
    "D14",
    Severity.WARNING,
    title="no rollback",
    reason="An image that boots stays, even if it crashes at start or cannot reach the network: only a cable brings "
    "the previous one back. Where the application accepts all the same, a power cut in accept() can start the old "
    "image.",
    remedy="Set CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y in both builds, and accept after a self-test.",
    source="IDF-OTA-MARK-INVALID",
    needs=(Need.ROLLBACK,),
    claim="C25",
)
def no_rollback(subject: Subject) -> Iterator[RuleFinding]:
    """Updates that nothing undoes."""
    if not subject.config.rollback and not subject.is_on(ANTI_ROLLBACK):
        yield at(subject.place(ROLLBACK), f"CONFIG_{ROLLBACK} is off")


@rule(
    "D15",
    Severity.ERROR,
    title="the application never accepts itself",
    reason="An image that is still PENDING_VERIFY at the next boot becomes ABORTED: every update is rolled back by "
    "the first restart, whatever caused it. Until then esp_ota_begin refuses the next update.",
    remedy="Call esp_ota_mark_app_valid_cancel_rollback() (NodeMCU: otaupgrade.accept()) once a self-test has passed.",
    source="IDF-BOOT-SELECT",
    needs=(Need.ROLLBACK,),
)
def never_accepts(subject: Subject) -> Iterator[RuleFinding]:
    """An application that was said never to accept itself."""
    if subject.config.rollback and subject.accepts is False and not _is_confirmed_by_startup(subject):
        yield at(
            subject.place(ROLLBACK), "rollback is on, and --accepts no says that the application never accepts itself"
        )


@rule(
    "D16",
    Severity.WARNING,
    title="no source file accepts the running image",
    reason="If no component outside these sources does it, every update is rolled back by the first restart.",
    remedy="Call esp_ota_mark_app_valid_cancel_rollback() (NodeMCU: otaupgrade.accept()) once a self-test has "
    "passed. If a component does it already, add --accepts yes.",
    source="IDF-BOOT-SELECT",
    needs=(Need.ROLLBACK,),
)
def may_never_accept(subject: Subject) -> Iterator[RuleFinding]:
    """Sources without the call that accepts."""
    is_open = subject.accepts is None and subject.accept_call is None and subject.has_sources
    is_open = is_open and not (subject.app is not None and subject.app.is_confirmed_by_arduino)
    is_open = is_open and not subject.config.updates.accepts_at_start
    if subject.config.rollback and is_open and not _is_confirmed_by_startup(subject):
        yield at(
            subject.place(ROLLBACK),
            f"rollback is on, and no source of {subject.name} calls esp_ota_mark_app_valid_cancel_rollback()",
        )


@rule(
    "D17",
    Severity.WARNING,
    title="images are accepted before app_main",
    reason="An update that starts and fails afterwards, for example because it cannot reach the network, is never "
    "rolled back.",
    remedy="Set CONFIG_BOOTLOADER_APP_ROLLBACK_CONFIRM_BY_APP=y and accept after a self-test.",
    source=f"{_ROLLBACK_KCONFIG}, BOOTLOADER_APP_ROLLBACK_CONFIRM_MODE",
    needs=(Need.OPTIONS,),
)
def accepted_by_startup(subject: Subject) -> Iterator[RuleFinding]:
    """Releases newer than 6.2-dev can accept an image before app_main."""
    name = "BOOTLOADER_APP_ROLLBACK_CONFIRM_ON_STARTUP"
    is_default = subject.is_on("BOOTLOADER_APP_ROLLBACK") and not subject.is_on(
        "BOOTLOADER_APP_ROLLBACK_CONFIRM_BY_APP"
    )
    if subject.is_on(name) or is_default:
        place = subject.place(name if name in subject.options else "BOOTLOADER_APP_ROLLBACK")
        yield at(place, "every image that reaches app_main counts as accepted")


@rule(
    "D20",
    Severity.NOTE,
    title="a power cut can lose an update before it has run",
    reason="The bootloader erases the entry before it writes PENDING_VERIFY. A power cut between the two, or a torn "
    "write, leaves the previous image selected.",
    remedy="Let the server offer the update again, and do not count one lost boot as a failed update.",
    source="IDF-BOOT-SELECT",
    needs=(Need.ROLLBACK,),
    claim="C17",
)
def trial_lost_in_cut(subject: Subject) -> Iterator[RuleFinding]:
    """The boot that puts an image under test."""
    if subject.config.rollback:
        yield at(subject.place(ROLLBACK), "a power cut while NEW becomes PENDING_VERIFY loses the update")


@rule(
    "D21",
    Severity.WARNING,
    title="validation is skipped: the bootloader starts damaged images",
    reason="It reads only the headers. A slot that is half erased or half written starts, and the other slots are "
    "not tried.",
    remedy="Drop CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS and _ON_POWER_ON on devices that are updated.",
    source=f"{_KCONFIG}, BOOTLOADER_SKIP_VALIDATE_ON_POWER_ON",
    needs=(Need.OPTIONS,),
)
def skip_validate(subject: Subject) -> Iterator[RuleFinding]:
    """Validation skipped at power-on, or always."""
    for name in SKIPS[:2]:
        if subject.is_on(name) and not any(skip_validate_with_signatures(subject)):
            yield at(subject.place(name), f"CONFIG_{name}=y: the bootloader starts a damaged image")
            return


@rule(
    "D22",
    Severity.WARNING,
    title="a wake-up from deep sleep does not end a trial",
    reason="The bootloader starts the last image without reading otadata. An image that is PENDING_VERIFY, sleeps "
    "and wakes is neither accepted nor rolled back, and an update that was just marked does not start.",
    remedy="Accept or restart before the first deep sleep, or drop CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP, "
    "and _ALWAYS, which selects it.",
    source="IDF-BOOT-WAKE",
    needs=(Need.OPTIONS,),
)
def skip_validate_in_deep_sleep(subject: Subject) -> Iterator[RuleFinding]:
    """A wake-up that starts the image under test once more."""
    if subject.config.rollback and subject.config.skip_validate_in_deep_sleep:
        name = next((name for name in SKIPS[::-1] if subject.is_on(name)), SKIPS[2])
        yield at(subject.place(name), "a wake-up from deep sleep does not look at otadata")


@rule(
    "D23",
    Severity.WARNING,
    title="secure versions lie in flash",
    reason="The eFuses are emulated: whoever can write the flash can lower the version.",
    remedy="Use it only for tests; drop CONFIG_BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE and CONFIG_EFUSE_VIRTUAL.",
    source=f"{_ROLLBACK_KCONFIG}, BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE",
    needs=(Need.OPTIONS,),
)
def emulated_efuses(subject: Subject) -> Iterator[RuleFinding]:
    """Secure versions that lie in flash."""
    for name in ("BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE", "EFUSE_VIRTUAL"):
        if subject.is_on(name):
            yield at(subject.place(name), f"CONFIG_{name}=y is for tests")
            return


@rule(
    "D24",
    Severity.ERROR,
    title="the secure version does not fit the eFuse field",
    reason="accept() fails each time although it has marked the image VALID, and the version is never burned.",
    remedy="Count versions from 0, one bit each, up to CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD.",
    source="IDF-EFUSE-UPDATE",
    needs=(Need.OPTIONS,),
)
def secure_version_too_high(subject: Subject) -> Iterator[RuleFinding]:
    """A secure version that the eFuse field cannot hold."""
    version, bits = subject.number("BOOTLOADER_APP_SECURE_VERSION"), subject.config.secure_version_bits
    if subject.config.anti_rollback and version is not None and version > bits:
        place = subject.place("BOOTLOADER_APP_SECURE_VERSION")
        yield at(place, f"secure version {version} does not fit the {bits} bits of the eFuse field")


@rule(
    "D25",
    Severity.NOTE,
    title="this is the last secure version",
    reason="Each version burns a bit, and none is left.",
    remedy="Make the field larger where the chip has room, or keep to this version.",
    source="IDF-EFUSE-VERSION",
    needs=(Need.OPTIONS,),
)
def secure_version_is_last(subject: Subject) -> Iterator[RuleFinding]:
    """A secure version after which there is none."""
    version, bits = subject.number("BOOTLOADER_APP_SECURE_VERSION"), subject.config.secure_version_bits
    if subject.config.anti_rollback and version == bits:
        place = subject.place("BOOTLOADER_APP_SECURE_VERSION")
        yield at(place, f"secure version {version} is the last that {bits} bits can count")


@rule(
    "D26",
    Severity.NOTE,
    title="the bootloader burns a version before it has verified the image",
    reason="If the image of a VALID entry is damaged and its description names a high version, every other image is "
    "locked out for ever.",
    remedy="Raise the version in steps of one, and write to a slot that otadata calls VALID only through esp_ota_*.",
    source="IDF-BOOT-SELECT",
    needs=(Need.OPTIONS,),
)
def burns_unverified_version(subject: Subject) -> Iterator[RuleFinding]:
    """Every bootloader with anti-rollback."""
    if subject.config.anti_rollback:
        yield at(subject.place(ANTI_ROLLBACK), "the version that is burned is that of an image not yet verified")


@rule(
    "D27",
    Severity.WARNING,
    title="a factory reset aborts an update that has not run yet",
    reason="The bootloader selects an image, erases the data and selects again: an update that is NEW becomes "
    "ABORTED without ever having run.",
    remedy="Set CONFIG_BOOTLOADER_OTA_DATA_ERASE=y if there is a factory app, or accept the loss.",
    source="IDF-BOOT-FACTORY-RESET",
    needs=(Need.OPTIONS,),
)
def factory_reset_in_trial(subject: Subject) -> Iterator[RuleFinding]:
    """A factory reset that leaves otadata alone."""
    name = "BOOTLOADER_FACTORY_RESET"
    if subject.config.rollback and subject.is_on(name) and not subject.config.factory_reset_erases_otadata:
        yield at(subject.place(name), "the factory reset keeps otadata (CONFIG_BOOTLOADER_OTA_DATA_ERASE is off)")


@rule(
    "D32",
    Severity.WARNING,
    title="up to 5.4, rollback() can start an image that is only partly written",
    reason="esp_ota_begin leaves the entry of the slot that it erases as it was. After a download that broke off, "
    "rollback() selects this slot, and what lies there boots if it passes the verification.",
    remedy="Move to 5.5 or later, or complete a download before any rollback.",
    source="IDF-OTA-BEGIN",
    needs=(Need.ROLLBACK, Need.RELEASE),
    claim="C2",
)
def unfinished_image_can_boot(subject: Subject) -> Iterator[RuleFinding]:
    """Releases whose begin leaves the old entry of the slot alone."""
    if subject.calls_begin and subject.config.rollback and subject.config.app_release < Release.V5_5:
        yield at_release(subject, "esp_ota_begin leaves the otadata entry of the slot that it erases")


def _is_confirmed_by_startup(subject: Subject) -> bool:
    return any(accepted_by_startup(subject))
