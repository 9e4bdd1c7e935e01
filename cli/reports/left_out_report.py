"""How reports say what their verdicts leave out: rows of model/claims/left_out.py as JSON."""

from typing import Any

from ...model.claims.left_out import LEFT_OUT, LEFT_OUT_OF_PROPER, LeftOut


def left_out_json() -> dict[str, list[dict[str, Any]]]:
    """Return both tables whole, whatever the fault model and the usage of the report."""
    return {"left_out": _rows(LEFT_OUT), "left_out_of_proper_usage": _rows(LEFT_OUT_OF_PROPER)}


def _rows(rows: tuple[LeftOut, ...]) -> list[dict[str, Any]]:
    return [
        {
            "name": row.name,
            "text": row.text,
            "weakest_fault": None if row.faults is None else row.faults.name,
            "breaks": list(row.breaks),
        }
        for row in rows
    ]
