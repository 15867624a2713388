"""Reading a stated option letter, option text or label."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from meds3.answers.fold import fold, tokens
from meds3.answers.numbers import AMBIGUOUS
from meds3.answers.statements import first_sentence

_ADVERB = (
    r"(?:both|either|neither|probably|likely|clearly|therefore|indeed|definitely|certainly"
    r"|actually|obviously|simply|thus|hence|still|in\s+fact|,?\s*of\s+course,?)"
)
_NOT_BUT = r"(?:not\s+[(\[]?[A-Z][)\]]?\s*[,;]?\s*(?:but|rather)\s+)?"
_HEAD = re.compile(
    rf"^[\s\"'\u201c\u2018(\[{{<]*{_NOT_BUT}(?:{_ADVERB}\s+)*"
    r"(?:(?:the\s+)?(?:correct\s+)?(?:option|choice|letter|answer)s?\s*:?\s*)?[\"'\u201c\u2018<]?",
    re.I,
)
_LETTER = re.compile(r"[(\[]?\s?([A-Za-z])\s?[)\]]?(?![\w%-]|['\u2019]\w)")
_JOIN = re.compile(r"\s*(?:,|/|&|\+|and|or)(?:\s+(?:maybe|possibly|perhaps|also))?\s*", re.I)
# After a bare A or I, only these words leave it a letter: "A 45-year-old" is prose.
_AFTER_LETTER = re.compile(
    r"\s*(?:$|[.,:;)\]}>=!?/\"'\u201d\u2019-]|(?:because|since|which|as|is|and|or)\b)", re.I
)
_CALLED = re.compile(
    r"\b(?:option|choice|answer)?\s*[(\[]?\b([A-Z])\b[)\]]?[^.\n!?]{0,80}?\s"
    r"(?:is|are)\s+(?:therefore\s+|clearly\s+|indeed\s+)?(?:the\s+)?"
    r"(?:most\s+)?(?:correct|right|best|appropriate)(?:\s+(?:answer|option|choice))?\b"
)
_OPTION_BEFORE = re.compile(
    r"(?:\b(?:option|choice|answer)\s*|(?:^|[.,:;]\s+|\b(?:so|thus|therefore|hence|that)\s+))[(\[]?$",
    re.I,
)
_ALSO_LETTER = re.compile(r"\b(?:option|choice|letter)\s*[(\[]?([A-Z])\b|[(\[]([A-Z])[)\]]")
_TAKEN_BACK = re.compile(r"[^.!?]{0,80}\?\s*(?:no|wait|hmm|actually|rather|but)\b", re.I)
_SLASH = re.compile(r"(?<=[a-z])/(?=[a-z])")
_NEGATIONS = {"not", "no", "isn't", "isnt", "never", "neither", "nor", "without", "than"}
_LONE = re.compile(r"\(?([A-Z])\)?[.:)\s]*")
_SHORT = 4  # characters: a shorter text ("no") inside a sentence says nothing
_CUT = 10  # characters: a shorter beginning of an option says nothing


class Phrase(NamedTuple):
    """An option's text, folded, and its words."""

    folded: str
    words: list[str]


@lru_cache(maxsize=8192)  # a question's options are read again for each of its chains
def _phrase(text: str) -> Phrase:
    folded = fold(text)
    return Phrase(folded, tokens(folded))


def read_choice(payload: str, options: Mapping[str, str]) -> str | None:
    """The option letter a statement names, `AMBIGUOUS`, or None when it names none."""
    if (plainly := _at_once(payload, options)) is not None:
        return plainly
    phrases = {letter: _phrase(text) for letter, text in options.items()}
    sentence = fold(first_sentence(payload))
    exact = [letter for letter, phrase in phrases.items() if phrase.folded == sentence]
    if _TAKEN_BACK.match(payload):  # "A? No, B"
        return AMBIGUOUS
    letters, rest = _letters(payload, options)
    # An option may itself read "Both A and B". It may also read "C", but a lone letter is the
    # letter: that is what the prompt asks for.
    if exact and not (len(sentence) == 1 and letters):
        return exact[0] if len(exact) == 1 else AMBIGUOUS
    if len(set(letters)) > 1:
        return AMBIGUOUS
    if letters:
        beside = _prefix(tokens(fold(first_sentence(rest))), phrases) if rest else None
        same = beside is None or phrases[beside].folded == phrases[letters[0]].folded
        return letters[0] if same else AMBIGUOUS
    named = _by_name(sentence, options) or _by_text(sentence, phrases)
    also = {a or b for a, b in _ALSO_LETTER.findall(first_sentence(payload))} & set(options)
    return AMBIGUOUS if named and also - {named} else named


def _at_once(payload: str, options: Mapping[str, str]) -> str | None:
    """The letter of `B`, `(B).` or `B. its text`: most statements, and the quickest to read."""
    match = _LONE.match(payload)
    if match is None or match[1] not in options:
        return None
    rest = payload[match.end() :].rstrip(". ")
    return match[1] if rest in ("", options[match[1]].rstrip(". ")) else None


def read_verdict(text: str, options: Mapping[str, str]) -> tuple[str, str] | None:
    """(letter or `AMBIGUOUS`, matched text) of `option B is correct`; None when none is called so.

    The word `option` or a break in the sentence must stand before the letter, or `answer`,
    `option`, `choice` after `correct`: `vitamin A is the best` calls no option.
    """
    called: dict[str, str] = {}
    for match in _CALLED.finditer(text):
        before = _OPTION_BEFORE.search(text[max(0, match.start(1) - 24) : match.start(1)])
        after = match[0].casefold().endswith(("answer", "option", "choice"))
        between = text[match.end(1) : match.end()].casefold().split()
        if match[1] in options and (before or after) and not _NEGATIONS & set(between):
            called[match[1]] = match[0].strip()
    if not called:
        return None
    letter, shown = next(reversed(called.items()))
    return (letter if len(called) == 1 else AMBIGUOUS), shown


def read_label(payload: str, labels: tuple[str, ...]) -> str | None:
    """The label a statement names, `AMBIGUOUS`, or None."""
    return _by_text(fold(first_sentence(payload)), {label: _phrase(label) for label in labels})


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
        if prose and _prefix(tokens(fold(rest)), {letter: _phrase(options[letter])}) is None:
            break
        letters.append(letter)
        at = match.end()
        join = _JOIN.match(payload, at)
        if join is None:
            break
        at = join.end()
    return letters, payload[at:].lstrip(" .,:;)]-=")


def _prefix(words: list[str], phrases: Mapping[str, Phrase]) -> str | None:
    """The option whose text begins `words`; the longest when several do."""
    found = [
        (len(phrase.words), name)
        for name, phrase in phrases.items()
        if phrase.words and words[: len(phrase.words)] == phrase.words
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _by_text(sentence: str, phrases: Mapping[str, Phrase]) -> str | None:
    words = tokens(sentence)
    first = _prefix(words, phrases)
    if first is not None:
        rest = words[len(phrases[first].words) :]
        other = _prefix(rest[1:], phrases) if rest and rest[0] in ("and", "or", "/") else None
        return AMBIGUOUS if other not in (None, first) else first
    found = _contained(words, phrases)
    if not found and (spaced := _SLASH.sub(" / ", sentence)) != sentence:  # "yes/no"
        return _by_text(spaced, phrases)
    if not found and len(sentence) >= _CUT:  # a long option cut short is still that option
        found = {name for name, phrase in phrases.items() if phrase.folded.startswith(sentence)}
    if len({phrases[name].folded for name in found}) > 1:
        return AMBIGUOUS
    return min(found) if found else None


def _by_name(sentence: str, options: Mapping[str, str]) -> str | None:
    """The one option whose text before its parenthesis is the sentence: `ROS (review of ...)`."""
    found = [
        letter
        for letter, text in options.items()
        if " (" in text and fold(text.partition(" (")[0]) == sentence
    ]
    return found[0] if len(found) == 1 else None


def _contained(words: list[str], phrases: Mapping[str, Phrase]) -> set[str]:
    """Options written out inside the sentence, not negated, not part of a longer one found."""
    spans: list[tuple[int, int, str]] = []
    for name, phrase in phrases.items():
        if len(phrase.folded) < _SHORT or phrase.words[0] not in words:
            continue
        for i in range(len(words) - len(phrase.words) + 1):
            end = i + len(phrase.words)
            if words[i:end] == phrase.words and not (i and words[i - 1] in _NEGATIONS):
                spans.append((i, end, name))
    return {
        name
        for start, end, name in spans
        if not any(a <= start and end <= b and b - a > end - start for a, b, _ in spans)
    }
