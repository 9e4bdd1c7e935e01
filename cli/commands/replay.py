"""`otaproof replay TOKEN`: a power cut, or a history with any number of them, played step by step."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ...bounded_input import shown
from ...errors import InputError
from ..exit_code import ExitCode
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, INPUTS, OUTPUT
from ..options.output_options import OutputOptions
from ..options.values import OutFile

_LOST_UPDATE = (
    "oth1.eNp1jsEKwkAMRP8l5wjZUqF49TOWIGtNQdzulnRLD8V_N0VaFPSWvMlMxsO5BgSVMmmSm425hAsBLqA5xmtoH3AqOskTPaFj7EIcBb3f7ogZ"
    "PZgPGMm4Q0dENqYpRpOqr51Xp8ooxRxDnkUPOcF2C23ue0mtvMmOZ70XY5ZNeHQV_xAMY900_Bk1RFlVt7Pt8Zi7MgddnYQQuiIKe79_9ZhfQrFeiw"
)
"""A new image that a cut in the second power-on loses, untested, with rollback on: C4 is violated."""
_RUN_PREFIX = "otb1."
EPILOGUE = epilogue(
    f"otaproof replay {_LOST_UPDATE}",
    "otaproof replay TOKEN --save-flash cut.bin --json",
    "otaproof replay TOKEN --image build/app.bin --image update/app.bin",
    "otaproof replay otb1.TOKEN --bootloader build/bootloader/bootloader.elf",
    codes={
        0: "the claim holds after all, or the history violates none; no brick; no difference",
        1: "the claim is violated, as the token says, or the history violates one; a brick; a difference",
        2: "bad usage or bad token",
        3: "inconclusive: board and model differ, the machine code could not be run on, or the claim is your own",
    },
    names_calls=True,
)
_TOKEN = "The text after `otaproof replay` in what another command prints."
TokenText = Annotated[str, Parameter(name="TOKEN", group=ARGUMENTS, help=_TOKEN)]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """What a replay takes, and what it leaves."""

    image: Annotated[tuple[Path, ...], Parameter(metavar="FILE", group=INPUTS)] = ()
    """An image or a bootloader that the token was made with, used instead of one built in its size (repeatable)."""
    save_flash: Annotated[OutFile, Parameter(group=OUTPUT)] = None
    """Write the flash as the cut left it, for otaproof explain FILE or otaproof check --flash FILE."""
    bootloader: Annotated[Path | None, Parameter(metavar="FILE", group=INPUTS)] = None
    """For a token otb1…, the ELF file of the bootloader to run. For another, the board's bootloader.bin, with an
    --image for each image: --save-flash then writes a file for each region that a board can be given, FILE-0x8000.bin
    and so on, and prints the esptool command for just these."""


def replay(
    token: TokenText, /, *, options: ReplayOptions = ReplayOptions(), output: OutputOptions = OutputOptions()
) -> ExitCode:
    """Play a power cut or a counterexample step by step.

    Plays what a replay token says on the simulated board, and prints each call, what it does to flash and the otadata
    entries after it: for a token otp1… one upgrade with one power cut and what boots afterwards, for a token oth1… a
    history with any number of cuts, for a token ots1… an update of bootloader or partition table with one power cut.
    For a token otb1… it runs a bootloader's machine code beside the simulated bootloader once, and prints where they
    differ.
    """
    from ...campaign.history.history_token import HISTORY_PREFIX
    from ...campaign.unsafe_update.session_token import SESSION_PREFIX
    from ...campaign.upgrade.upgrade_token import PREFIX

    prefixes = (PREFIX, HISTORY_PREFIX, SESSION_PREFIX, _RUN_PREFIX)
    if not token.strip().startswith(prefixes):
        known = f"{', '.join(map(repr, prefixes[:-1]))} or {prefixes[-1]!r}"
        raise InputError(f"token: begins with {token.strip()[:8]!r}, not {known}; paste the whole token")
    if token.strip().startswith(_RUN_PREFIX):
        return _play_run(token, options, output)
    if token.strip().startswith(SESSION_PREFIX):
        return _play_session(token, options, output)
    if options.bootloader is not None and options.save_flash is None:
        raise InputError("--bootloader: goes with --save-flash FILE")
    if token.strip().startswith(HISTORY_PREFIX):
        return _play_history(token, options, output)
    return _play_cut(token, options, output)


def _play_cut(text: str, options: ReplayOptions, output: OutputOptions) -> ExitCode:
    from ...analysis.results.replay_result import cut_replay_result
    from ...campaign.upgrade.upgrade_replay import replay as play
    from ...campaign.upgrade.upgrade_token import decode_token, dut_of_token
    from ...project.files import read_file
    from ...project.flash_regions import save_for_board, save_for_study
    from ..reports.replay_report import print_cut_replay

    if options.bootloader is not None and options.save_flash is None:
        raise InputError("--bootloader: goes with --save-flash FILE")
    token = decode_token(text)
    images = [read_file(path) for path in options.image]
    world = dut_of_token(token, images)
    played = play(token, world)
    saved = ""
    if options.save_flash is not None and options.bootloader is not None:
        saved = save_for_board(options.save_flash, options.bootloader, world, played.cells, images)
    elif options.save_flash is not None:
        saved = save_for_study(options.save_flash, played.cells)
    slots = sum(partition.is_ota_slot for partition in world.table)
    output.give(cut_replay_result(token, played), lambda: print_cut_replay(output.console(), token, slots, played))
    _print_saved(saved, output)
    if played.is_claim_kept is None:
        return ExitCode.INCONCLUSIVE
    return ExitCode.HOLDS if played.is_claim_kept else ExitCode.VIOLATED


def _play_session(text: str, options: ReplayOptions, output: OutputOptions) -> ExitCode:
    from ...analysis.results.replay_result import session_replay_result
    from ...campaign.unsafe_update.session_replay import replay_session
    from ...campaign.unsafe_update.session_token import decode_session_token, session_of_token
    from ...project.files import read_file
    from ...project.flash_regions import save_for_study
    from ..reports.replay_report import print_session_replay

    if options.bootloader is not None:
        raise InputError("--bootloader: the files that a token ots1… was made with go to --image")
    token = decode_session_token(text)
    device = session_of_token(token, [read_file(path) for path in options.image])
    played = replay_session(token, device)
    saved = "" if options.save_flash is None else save_for_study(options.save_flash, played.cells)
    slots = sum(partition.is_ota_slot for partition in device.dut.table)
    output.give(
        session_replay_result(token, played), lambda: print_session_replay(output.console(), token, slots, played)
    )
    _print_saved(saved, output)
    return ExitCode.VIOLATED if played.start.is_brick else ExitCode.HOLDS


def _play_run(text: str, options: ReplayOptions, output: OutputOptions) -> ExitCode:
    if options.bootloader is None:
        raise InputError("token: of a run of a bootloader's machine code; give its ELF file by --bootloader")
    if options.image or options.save_flash is not None:
        raise InputError(
            "--image and --save-flash: a run of a bootloader's machine code makes its own images and flash"
        )
    from ...analysis.results.run_replay_result import run_replay_result
    from ...binary.emulator.program import BootloaderProgram
    from ...binary.emulator.run_token import decode_run_token
    from ...binary.emulator.trials import repeat
    from ...binary.recovery.program_file import read_program
    from ..reports.run_replay_report import print_run_replay

    token = decode_run_token(text)
    elf = read_program(options.bootloader)
    phase = repeat(BootloaderProgram(elf), token.config, token.case, token.disturbance)
    result = run_replay_result(elf, token, phase)
    output.give(result, lambda: print_run_replay(output.console(), result))
    return {
        "no difference": ExitCode.HOLDS,
        "differs": ExitCode.VIOLATED,
        "inconclusive": ExitCode.INCONCLUSIVE,
    }[result.verdict]


def _play_history(text: str, options: ReplayOptions, output: OutputOptions) -> ExitCode:
    from ...analysis.results.replay_result import history_replay_result
    from ...analysis.token_subject import case_of, claim_id_of
    from ...campaign.fuzz.findings import DIVERGENCE
    from ...campaign.history.history_replay import is_confirmed, replay_history
    from ...campaign.history.history_token import decode_history_token
    from ...campaign.lockstep.replayed_divergence import divergence_in
    from ...project.flash_regions import save_for_study
    from ..reports.replay_report import print_history_replay

    token = decode_history_token(text)
    for argument, given in (("--image", options.image), ("--bootloader", options.bootloader)):
        if given:
            raise InputError(f"{argument}: a history token builds its own images, which are for study only")
    case = case_of(token)
    played = replay_history(token.history)
    claim_id = claim_id_of(token, case)
    # What the board does in a divergence is not beyond doubt, so such a token does not say how it ends.
    difference = divergence_in(token.history) if token.shows == DIVERGENCE else None
    confirmed = is_confirmed(token, played, claim_id) if token.shows != DIVERGENCE else difference is not None
    saved = "" if options.save_flash is None else save_for_study(options.save_flash, played.cells)
    output.give(
        history_replay_result(token, played, claim_id, confirmed),
        lambda: print_history_replay(output.console(), token, case, claim_id, played, confirmed, difference),
    )
    _print_saved(saved, output)
    if difference is not None:
        return ExitCode.INCONCLUSIVE
    is_violated = confirmed if token.shows else any(step.broken for step in played.steps)
    return ExitCode.VIOLATED if is_violated else ExitCode.HOLDS


def _print_saved(saved: str, output: OutputOptions) -> None:
    """Print what was written, after a blank line; to stderr if stdout is for JSON."""
    if saved:
        print(f"\n{shown(saved, keeps_lines=True)}", file=sys.stderr if output.json else sys.stdout)
