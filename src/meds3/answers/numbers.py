"""Numbers, units and dates as models write them, read without `eval`."""

from __future__ import annotations

import math
import re
from datetime import date

from meds3.answers.fold import plain

NUMBER = re.compile(
    r"(?<![\w.])(?P<mantissa>[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,30})(?:\.[0-9]{1,30})?"
    r"|[-+]?\.[0-9]{1,30})"
    r"(?:[eE](?P<exponent>[-+]?[0-9]{1,4})\b"
    r"|\s?(?:[x*\u00d7]|\\times)\s?10\s?\^?\s?[({]?(?P<power>[-+]?[0-9]{1,4})[)}]?)?"
)
# What joins two numbers into a range, an alternative or a ratio.
RANGE = re.compile(r"\s*(?:-|/|to|or|and|through)\s*(?=[-+]?\.?[0-9])")

# Each line is one unit with the spellings that mean it; no unit is ever converted.
_UNITS = (
    ("%", "percent", "per cent", "percentage points"),
    ("mmhg", "mm hg", "millimeters of mercury", "millimetres of mercury"),
    ("mg/dl", "milligrams per deciliter"),
    ("g/dl", "grams per deciliter"),
    ("g/l",),
    ("mg/l",),
    ("ng/ml",),
    ("mcg/ml",),
    ("mmol/l", "mmol per liter", "millimoles per liter"),
    ("meq/l", "meq per liter", "milliequivalents per liter"),
    ("umol/l", "\u03bcmol/l", "micromol/l"),
    ("mosm/kg",),
    ("kg/m2", "kg/m^2", "kg per square meter", "kg per m2"),
    ("mg/kg",),
    ("mg/m2",),
    ("ml/min", "ml per minute", "ml/minute"),
    ("ml/h", "ml/hr", "ml/hour", "ml per hour"),
    ("l/min", "liters per minute"),
    ("bpm", "beats per minute", "beats/min", "beats/minute"),
    ("breaths/min", "breaths per minute"),
    ("pack-years", "pack years", "pack-year", "pack year"),
    ("kg", "kilogram", "kilograms"),
    ("g", "gram", "grams"),
    ("mg", "milligram", "milligrams"),
    ("mcg", "ug", "\u03bcg", "microgram", "micrograms"),
    ("l", "liter", "liters", "litre", "litres"),
    ("dl",),
    ("ml", "milliliter", "milliliters", "millilitre", "millilitres"),
    ("cm", "centimeters", "centimetres"),
    ("mm",),
    ("m2", "m^2"),
    ("m", "meters", "metres"),
    ("ms", "msec", "milliseconds"),
    ("seconds", "second", "sec", "s"),
    ("minutes", "minute", "min"),
    ("hours", "hour", "hr", "hrs", "h"),
    ("days", "day"),
    ("weeks", "week", "wk"),
    ("months", "month"),
    ("years", "year", "yr", "yrs", "years old"),
    ("\u00b0c", "degrees celsius", "celsius"),
    ("\u00b0f", "degrees fahrenheit", "fahrenheit"),
    ("iu", "international units"),
    ("units", "unit"),
    ("points", "point"),
    ("tablets", "tablet"),
)
_UNIT_OF = {spelling: line[0] for line in _UNITS for spelling in line}
_LONGEST_UNIT = max(map(len, _UNIT_OF))
_LATEX = re.compile(r"\\(?:text|mathrm|mathbf|textbf)\s?\{([^{}]{0,60})\}|\\[,;: !]|\\(?=%)")


def unlatex(text: str) -> str:
    """`95\\,\\text{mmHg}` as `95 mmHg`."""
    return _LATEX.sub(lambda m: f" {m[1]} " if m[1] is not None else " ", text)


def to_float(match: re.Match[str]) -> float | None:
    """The value of a `NUMBER` match, None when it does not fit a float."""
    exponent = match["exponent"] or match["power"] or "0"
    value = float(f"{match['mantissa'].replace(',', '')}e{exponent}")
    return value if math.isfinite(value) else None


def number_key(value: float) -> str:
    """Six significant digits; no negative zero."""
    return f"{value:.6g}" if value else "0"


def canonical_unit(unit: str) -> str:
    """One spelling of a unit; one we do not know stays as it is, folded."""
    folded = " ".join(plain(unit).casefold().split()).strip(" .")
    return _UNIT_OF.get(folded, folded)


def unit_after(text: str, wanted: str | None) -> str | None:
    """The canonical unit that begins `text`, None when what follows is no unit we know.

    `wanted` is recognised even when the table lacks it.
    """
    head = " ".join(plain(text[: _LONGEST_UNIT + 8]).casefold().split())
    known = set(_UNIT_OF)
    if wanted:
        known.add(" ".join(plain(wanted).casefold().split()).strip(" ."))
    found = [unit for unit in known if unit and head.startswith(unit) and _ends(head, len(unit))]
    return canonical_unit(max(found, key=len)) if found else None


def _ends(text: str, at: int) -> bool:
    return at >= len(text) or not (text[at].isalnum() or text[at] in "/^%")


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_ISO = re.compile(r"(?<![0-9])([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?![0-9])")
_NUMERIC = re.compile(r"(?<![0-9])([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})(?![0-9])")
_DAY_FIRST = re.compile(
    rf"(?<![0-9])([0-9]{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH},? ([0-9]{{4}})(?![0-9])"
)
_MONTH_FIRST = re.compile(rf"\b{_MONTH} ([0-9]{{1,2}})(?:st|nd|rd|th)?,? ([0-9]{{4}})(?![0-9])")


def dates_in(text: str) -> set[date]:
    """Every calendar day written in `text`.

    Of `03/04/2024` the month comes first, as in the data we read; where that is no date
    (`23/04/2024`) the day does. Impossible dates are left out.
    """
    text = " ".join(plain(text).casefold().split())
    parts: list[tuple[int, int, int]] = []
    parts += [(int(m[1]), int(m[2]), int(m[3])) for m in _ISO.finditer(text)]
    parts += [(int(m[3]), _month(m[2]), int(m[1])) for m in _DAY_FIRST.finditer(text)]
    parts += [(int(m[3]), _month(m[1]), int(m[2])) for m in _MONTH_FIRST.finditer(text)]
    for m in _NUMERIC.finditer(text):
        first, second, year = int(m[1]), int(m[2]), int(m[3])
        parts.append((year, second, first) if first > 12 else (year, first, second))
    return {day for part in parts if (day := _day(*part)) is not None}


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
