"""The options that say which world a proof covers: slots, factory, configuration, cuts, and how the calls are used.

Left unsaid they mean rollback on and release 5.1, as a NodeMCU build with rollback has it, cuts as in F1, and calls
in any order. `otaproof check` reads all of that from a project; here there is none.
"""

import argparse

from ...errors import InputError
from ...model.config import Config, Release
from ...model.device.state import Scope, Usage
from ...model.fault_model import FaultModel


def add_scope_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a sub-command."""
    world = parser.add_argument_group("the world")
    world.add_argument("--slots", metavar="N", type=int, default=2, help="OTA slots, 1 … 16 (2)")
    world.add_argument("--factory", action="store_true", help="there is a factory partition with an image")
    world.add_argument(
        "--rollback", action=argparse.BooleanOptionalAction, default=True, help="app rollback in both builds (on)"
    )
    world.add_argument(
        "--anti-rollback", action=argparse.BooleanOptionalAction, default=False, help="anti-rollback, too (off)"
    )
    world.add_argument("--versions", metavar="N", type=int, default=3, help="secure versions, 2 … 4 (3)")
    world.add_argument("--idf", metavar="RELEASE", default="5.1", help="ESP-IDF release of the application (5.1)")
    world.add_argument("--bootloader-idf", metavar="RELEASE", help="ESP-IDF release of the bootloader (as --idf)")
    world.add_argument(
        "--faults", choices=[model.name for model in FaultModel], default="F1", help="how a cut can damage (F1)"
    )
    world.add_argument(
        "--usage", choices=[usage.value for usage in Usage], default="any", help="how the calls are used (any)"
    )


def scope_of(options: argparse.Namespace) -> Scope:
    """Return the scope that the options say, without ghosts; raise InputError for one that no device has."""
    release = _release("--idf", options.idf)
    bootloader = release if options.bootloader_idf is None else _release("--bootloader-idf", options.bootloader_idf)
    try:
        config = Config(
            rollback=options.rollback,
            anti_rollback=options.anti_rollback,
            app_release=release,
            bootloader_release=bootloader,
        )
        return Scope(
            config=config,
            slots=options.slots,
            has_factory=options.factory,
            faults=FaultModel[options.faults],
            usage=Usage(options.usage),
            versions=options.versions,
        )
    except ValueError as error:
        raise InputError(str(error)) from None


def _release(argument: str, text: str) -> Release:
    try:
        return Release.parse(text)
    except ValueError as error:
        raise InputError(f"{argument}: {error}") from None
