"""The answer a text states, read by the rules of its kind.

The kind, the options, the labels and the unit come from the gold answer; its value does not:
the same text gives the same extraction whatever the right answer is.
"""

from __future__ import annotations

from meds3.answers.fold import fold, tokens
from meds3.answers.kinds import Answer, Choice, Date, FreeText, ItemSet, Label, Number, Span
from meds3.answers.numbers import (
    NUMBER,
    RANGE,
    canonical_unit,
    dates_in,
    number_key,
    to_float,
    unit_after,
)
from meds3.answers.options import AMBIGUOUS, read_choice, read_label
from meds3.answers.statements import first_sentence, is_refusal, readable_tail, statements
from meds3.answers.verdict import Extraction, Verdict

_BARE = 80  # characters: a whole text this short may be the answer itself
_MATCHED = 200  # characters of a statement that are kept


def extract(text: str, like: Answer) -> Extraction:
    """The answer that `text` states, for an answer of the kind of `like`. Never raises.

    Only the last 4,000 characters are read. Statements of two different answers are
    AMBIGUOUS; a repeated one is one. A short text without any marker is read as a bare
    answer where its kind allows no doubt (a letter, a label, a number, a date).
    """
    tail = readable_tail(text)
    stated = statements(tail)
    readings = [(_read(payload, like), payload) for payload in stated]
    keys = {key for key, _ in readings if key is not None}
    if keys:
        shown = next(p for key, p in reversed(readings) if key is not None)[:_MATCHED]
        if AMBIGUOUS in keys or len(keys) > 1:
            return Extraction(None, shown, Verdict.AMBIGUOUS)
        return Extraction(keys.pop(), shown)
    if is_refusal(stated[-1] if stated else tail):
        return Extraction(None, tail[-_MATCHED:], Verdict.REFUSED)
    bare = tail.strip()
    if not stated and 0 < len(bare) <= _BARE and "\n" not in bare:
        key = _bare(bare, like)
        if key is not None:
            return Extraction(key, bare)
    return Extraction(None, (stated[-1] if stated else "")[:_MATCHED], Verdict.UNPARSABLE)


def _bare(text: str, like: Answer) -> str | None:
    """A text that is nothing but an answer: `(A)`, `B. aspirin`, `yes`, `95 mmHg`."""
    if isinstance(like, Span | ItemSet | FreeText):
        return None
    if isinstance(like, Number):
        number = NUMBER.match(text)
        rest = text[number.end() :].strip(" .") if number else "?"
        if rest and (len(rest.split()) > 2 or unit_after(rest, like.unit) is None):
            return None
    if isinstance(like, Choice | Label) and tokens(fold(text)) not in _bare_forms(like):
        return None
    key = _read(text, like)
    return None if key == AMBIGUOUS else key


def _bare_forms(like: Choice | Label) -> list[list[str]]:
    """What a text must be, whole, to be an answer without a marker: a thought is none."""
    if isinstance(like, Label):
        return [tokens(fold(label)) for label in like.labels]
    pairs = [(letter.casefold(), tokens(fold(text))) for letter, text in like.options.items()]
    return [form for letter, text in pairs for form in ([letter], text, [letter, *text])]


def _read(payload: str, like: Answer) -> str | None:
    """The key one statement gives, `AMBIGUOUS`, or None."""
    match like:
        case Choice(options=options):
            return read_choice(payload, options)
        case Label(labels=labels):
            return read_label(payload, labels)
        case Number(unit=unit):
            return _number(payload, unit)
        case Date():
            return _date(payload)
        case ItemSet():
            return _items(payload)
        case Span() | FreeText():
            return _span(payload)


def _span(payload: str) -> str | None:
    sentence = first_sentence(payload)
    return None if is_refusal(sentence) else fold(sentence) or None


def _number(payload: str, unit: str | None) -> str | None:
    """The value with six digits; a stated unit other than the wanted one becomes part of it."""
    payload = payload.rpartition("=")[2]  # `120 - 80 = 40` states 40
    found = [(m, value) for m in NUMBER.finditer(payload) if (value := to_float(m)) is not None]
    if not found:
        return None
    first, value = found[0]
    after = payload[first.end() :]
    heads = not any(c.isalnum() for c in payload[: first.start()])
    several = len({v for _, v in found}) > 1
    if RANGE.match(after) or (several and not heads):
        return AMBIGUOUS
    stated = unit_after(after.lstrip(" -"), unit)
    key = number_key(value)
    foreign = stated is not None and unit is not None and stated != canonical_unit(unit)
    return f"{key} {stated}" if foreign else key


def _date(payload: str) -> str | None:
    days = dates_in(payload)
    if len(days) > 1:
        return AMBIGUOUS
    return next(iter(days)).isoformat() if days else None


def item_key(items: list[str] | tuple[str, ...]) -> str:
    """The key of a set of items: folded, without repeats, sorted."""
    return "; ".join(sorted({folded for item in items if (folded := fold(item))}))


def _items(payload: str) -> str | None:
    sentence = first_sentence(payload)
    if is_refusal(sentence):
        return None
    if ";" in sentence:
        return item_key(sentence.split(";")) or None
    parts = [p for chunk in sentence.split(", ") for p in chunk.split(" and ")]
    return item_key([p.removeprefix("and ") for p in parts]) or None
