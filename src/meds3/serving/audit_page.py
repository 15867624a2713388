"""The record of an answer as one page: nothing to fetch, to print or to file."""

from __future__ import annotations

from typing import Any

from meds3 import SAFETY_NOTE


def audit_page(record: dict[str, Any]) -> str:
    """The page; all text goes through autoescape."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("meds3.serving", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shade"] = lambda score: min(int(score * 5), 4)
    return environment.get_template("audit.html.j2").render(r=record, safety=SAFETY_NOTE)
