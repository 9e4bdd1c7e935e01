"""`otaproof claim`: all about one claim: what it promises, where it is violated, and what mends it."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from ...errors import InputError
from ..exit_code import ExitCode
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS, OUTPUT
from ..options.output_options import OutputOptions

EPILOGUE = epilogue(
    "otaproof claim C4",
    "otaproof claim C13 --code",
    "otaproof claim C2 --json",
    codes={
        0: "the claim was told",
        2: "bad usage or bad input",
    },
    names_calls=True,
)
ClaimId = Annotated[str, Parameter(name="ID", group=ARGUMENTS, help="Such as C4.")]


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimOutput(OutputOptions):
    """Text or JSON, and code."""

    code: bool = False
    """Print C functions that keep to the remedies, too."""


def claim(id_: ClaimId, /, *, output: ClaimOutput = ClaimOutput()) -> ExitCode:
    """Explain one claim: what it promises, where it is violated, and what mends it.

    Names what a device in the field does where the claim is violated, the releases that violate it as they are
    documented, and the smallest sets of remedies with which the prover proves it.
    """
    from ...analysis.results.claim_result import claim_page
    from ...model.claims.claims import CLAIMS
    from ..reports.claim_report import print_claim

    known = [item.id for item in CLAIMS]
    if id_.upper() not in known:
        raise InputError(f"{id_!r} is none of {known[0]} … {known[-1]}")
    result = claim_page(id_.upper())
    output.give(result, lambda: print_claim(output.console(), result, output.code))
    return ExitCode.HOLDS
