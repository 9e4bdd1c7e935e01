"""How a power cut loses an update: model, proof, cut, counterexample and remedy, with pictures.

`marimo edit examples/notebook/lost_update.py` opens it; `pip install 'otaproof[notebook]'` brings all that it needs.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="How a power cut loses an update")


@app.cell
def _():
    import marimo as mo

    from otaproof.analysis import prove
    from otaproof.library.boards import LiveBoard, OtaWorld, PowerCuts, cut_everywhere
    from otaproof.library.claims import OwnClaim, Task, is_slot, slot_at
    from otaproof.library.pictures import svg_of, svg_of_token
    from otaproof.library.prover import Config, Scope, Usage
    from otaproof.library.remedies import REMEDIES, Remedy, remedies_for

    return (
        Config,
        LiveBoard,
        OtaWorld,
        OwnClaim,
        PowerCuts,
        REMEDIES,
        Remedy,
        Scope,
        Task,
        Usage,
        cut_everywhere,
        is_slot,
        mo,
        prove,
        remedies_for,
        slot_at,
        svg_of,
        svg_of_token,
    )


@app.cell
def _(mo, svg_of):
    life_cycle = svg_of("life-cycle-with-rollback")
    mo.vstack(
        [
            mo.md(
                """
            # How a power cut loses an update

            ## The model

            An ESP32 keeps two records in flash, its *otadata*: each names a slot with an image, and says what is known
            of it. With rollback a new image gets one try. `complete()` marks it NEW; the bootloader makes that
            PENDING_VERIFY and starts it; `accept()` makes it VALID. If it is not accepted, the next start makes it
            ABORTED, and the image before it comes back.
            """
            ),
            mo.Html(life_cycle),
        ]
    )
    return (life_cycle,)


@app.cell
def _(Config, Scope, Usage, mo, prove):
    scope = Scope(Config(rollback=True), usage=Usage.RESTART_AT_ONCE)
    proof = prove(scope, ["C1", "C17"])
    mo.vstack(
        [
            mo.md(
                """
            ## The proof

            Two promises, asked of every history of a device that is used as documented: any number of updates, the
            power failing at any flash operation. The first one is proved, by induction, and two solvers agree. The
            second one is refuted.
            """
            ),
            mo.ui.table(
                [{"claim": claim.id, "promise": claim.title, "verdict": claim.verdict} for claim in proof.claims],
                selection=None,
            ),
        ]
    )
    return proof, scope


@app.cell
def _(mo, proof, svg_of_token):
    refuted = proof.claims["C17"]
    counterexample = svg_of_token(refuted.token)
    mo.vstack(
        [
            mo.md("## The counterexample\n\nThe shortest history that breaks it, in sentences:"),
            mo.md("\n".join(f"1. {sentence}" for sentence in refuted.sentences)),
            mo.md(
                f"So *{refuted.broken_by}*. The simulated board, which does what ESP-IDF does byte for byte, plays it:"
            ),
            mo.Html(counterexample),
        ]
    )
    return counterexample, refuted


@app.cell
def _(LiveBoard, PowerCuts, cut_everywhere):
    def cut_in_the_first_start(world):
        """Cut the power everywhere in the first start of a new image; return the token of an update that is lost."""
        board = LiveBoard(world)
        power_cuts = PowerCuts(board)

        def test():
            board.power_on()
            board.download()
            board.complete()
            with power_cuts:
                board.restart()
            board.power_on()
            assert board.image == 1 or board.state_of("ota_1") == "aborted"

        try:
            decided = cut_everywhere(test, power_cuts, faults="F1")
        except AssertionError:
            return board.token, board.history.steps, None
        return None, (), decided

    return (cut_in_the_first_start,)


@app.cell
def _(OtaWorld, cut_in_the_first_start, mo, svg_of_token):
    lost, steps, _ = cut_in_the_first_start(OtaWorld())
    cut = svg_of_token(lost)
    mo.vstack(
        [
            mo.md(
                f"""
            ## The cut

            A test of a team's own finds the same. It cuts the power at every micro-step of the first start of a new
            image, and asks that the image starts afterwards, or that its try is on record. The first cut that breaks
            this: *{steps[-2].cut}*, between the erase of a record and the program of the next.

            `otaproof replay {lost}`
            """
            ),
            mo.Html(cut),
        ]
    )
    return cut, lost


@app.cell
def _(OtaWorld, REMEDIES, Remedy, cut_in_the_first_start, mo, prove, remedies_for, scope):
    from dataclasses import replace

    row = remedies_for(scope)
    (remedy,) = row.mends["C17"][0]
    mended = prove(replace(scope, remedies=frozenset({remedy})), ["C17"])
    found, _, decided = cut_in_the_first_start(OtaWorld().with_remedies([Remedy.NOTE_IN_PLACE]))
    mo.md(
        f"""
        ## The remedy

        What mends C17 is `{remedy.value}`: {REMEDIES[remedy].advice} With it C17 is
        **{mended.claims["C17"].verdict}**, and of {decided.cuts:,} ways to cut the power in that start none loses
        the update.
        """
    )
    return decided, found, mended, remedy


@app.cell
def _(OwnClaim, Task, is_slot, mo, prove, scope, slot_at):
    def accepted(scope, device):
        """What runs in a slot was accepted, or provisioned."""
        runs_slot = (device.task == Task.RUN) & is_slot(scope, device.running)
        return runs_slot.implies(slot_at(device, device.running).is_earned)

    own = OwnClaim(id="X1", sentence="Only what was accepted runs.", in_model=accepted)
    own_proof = prove(scope, [own])
    mo.vstack(
        [
            mo.md("## A claim of your own\n\nOne sentence, and one term over the model:"),
            mo.md(f"**{own.sentence}** is **{own_proof.claims['X1'].verdict}**: a trial runs before it is accepted."),
            mo.md("\n".join(f"1. {sentence}" for sentence in own_proof.claims["X1"].sentences)),
        ]
    )
    return own, own_proof


if __name__ == "__main__":
    app.run()
