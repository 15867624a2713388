"""Reading a stated option letter, option text or label."""

from __future__ import annotations

import re
from collections.abc import Mapping

from meds3.answers.fold import fold, tokens
from meds3.answers.statements import first_sentence

AMBIGUOUS = "\0ambiguous"  # no key can be equal to it

_HEAD = re.compile(
    r"^[\s\"'(\[]*(?:(?:both|either|neither|probably|likely|clearly|therefore|indeed)\s+)*"
    r"(?:(?:the\s+)?(?:correct\s+)?(?:option|choice|letter|answer)s?\s*:?\s*)?",
    re.I,
)
_LETTER = re.compile(r"[(\[]?\s?([A-Za-z])\s?[)\]]?(?![\w'%-])")
_JOIN = re.compile(r"\s*(?:,|/|&|\+|and|or)(?:\s+(?:maybe|possibly|perhaps|also))?\s*", re.I)
# After a bare A or I, only these words leave it a letter: "A 45-year-old" is prose.
_AFTER_LETTER = re.compile(r"\s*(?:$|[.,:;)\]=!?-]|(?:because|since|which|as|is|and|or)\b)", re.I)
_NEGATIONS = {"not", "no", "isn't", "isnt", "never", "neither", "nor", "without", "than"}
_SHORT = 4  # characters: a shorter text ("no") inside a sentence says nothing


def read_choice(payload: str, options: Mapping[str, str]) -> str | None:
    """The option letter a statement names, `AMBIGUOUS`, or None when it names none."""
    texts = {letter: fold(text) for letter, text in options.items()}
    sentence = fold(first_sentence(payload))
    exact = [letter for letter, text in texts.items() if text == sentence]
    if exact:  # an option may itself read "Both A and B"
        return exact[0]
    letters, rest = _letters(payload, options)
    if len(set(letters)) > 1:
        return AMBIGUOUS
    beside = _prefix(tokens(fold(first_sentence(rest))), texts)
    if letters:
        contradicted = beside is not None and texts[beside] != texts[letters[0]]
        return AMBIGUOUS if contradicted else letters[0]
    return _by_text(sentence, texts)


def read_label(payload: str, labels: tuple[str, ...]) -> str | None:
    """The label a statement names, `AMBIGUOUS`, or None."""
    texts = {label: fold(label) for label in labels}
    return _by_text(fold(first_sentence(payload)), texts)


def _letters(payload: str, options: Mapping[str, str]) -> tuple[list[str], str]:
    """The letters that head the statement, and what stands beside them."""
    head = _HEAD.match(payload)
    at = head.end() if head else 0
    if at and payload[at - 1] in "([":
        at -= 1
    named = bool(head and re.search(r"option|choice|letter", head[0], re.I))
    letters: list[str] = []
    while (match := _LETTER.match(payload, at)) is not None:
        letter = match[1]
        wrapped = match[0][0] in "([" or match[0][-1] in ")]"
        alone = not payload[match.end() :].strip(" .")
        if letter not in options and (wrapped or alone or named):
            letter = letter.upper()
        if letter not in options:
            break
        rest = payload[match.end() :]
        prose = letter in ("A", "I") and not wrapped and not _AFTER_LETTER.match(rest)
        if prose and _prefix(tokens(fold(rest)), {letter: fold(options[letter])}) is None:
            break
        letters.append(letter)
        at = match.end()
        join = _JOIN.match(payload, at)
        if join is None:
            break
        at = join.end()
    return letters, payload[at:].lstrip(" .,:;)]-=")


def _prefix(words: list[str], texts: Mapping[str, str]) -> str | None:
    """The option whose text begins `words`; the longest when several do."""
    found = [(len(t), name) for name, t in _tokenised(texts) if t and words[: len(t)] == t]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _by_text(sentence: str, texts: Mapping[str, str]) -> str | None:
    words = tokens(sentence)
    first = _prefix(words, texts)
    if first is not None:
        rest = words[len(tokens(texts[first])) :]
        other = _prefix(rest[1:], texts) if rest and rest[0] in ("and", "or", "/") else None
        return AMBIGUOUS if other not in (None, first) else first
    found = _contained(words, texts)
    if not found and len(sentence) >= 10:  # a long option cut short is still that option
        found = {name for name, text in texts.items() if text.startswith(sentence)}
    if len({texts[name] for name in found}) > 1:
        return AMBIGUOUS
    return min(found) if found else None


def _contained(words: list[str], texts: Mapping[str, str]) -> set[str]:
    """Options written out inside the sentence, not negated, not part of a longer one found."""
    spans: list[tuple[int, int, str]] = []
    for name, t in _tokenised(texts):
        if len(" ".join(t)) < _SHORT:
            continue
        for i in range(len(words) - len(t) + 1):
            if words[i : i + len(t)] == t and not (i and words[i - 1] in _NEGATIONS):
                spans.append((i, i + len(t), name))
    return {
        name
        for start, end, name in spans
        if not any(a <= start and end <= b and b - a > end - start for a, b, _ in spans)
    }


def _tokenised(texts: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    return [(name, tokens(text)) for name, text in texts.items()]
