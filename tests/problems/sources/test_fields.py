"""Properties of the field map."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from meds3.problems.problem import Domain
from meds3.problems.sources.fields import FieldMap, problems_of

# Words of three letters and more: none is another option's letter.
WORDS = st.lists(st.text("abcdefgh", min_size=3, max_size=8), min_size=2, max_size=26, unique=True)


@settings(max_examples=60)
@given(texts=WORDS, data=st.data())
def test_every_way_to_write_one_gold_means_the_same_option(
    texts: list[str], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(texts) - 1))
    row = {
        "q": "Q?",
        "all": texts,
        "letter": chr(65 + at),
        "index0": at,
        "index1": str(at + 1),
        "text": texts[at],
        "beyond": len(texts),
    }
    chosen = set()
    for how in ("letter", "index0", "index1", "text"):
        fields = FieldMap(question="q", options="all", answer=how, answer_is=how)
        (problem,), skipped = problems_of(
            iter([(":1", row)]), fields, "t", "d", Domain.KNOWLEDGE_QA
        )
        assert not skipped
        chosen.add(str(problem.answer))
    assert chosen == {f"{chr(65 + at)}. {texts[at]}"}
    beyond = FieldMap(question="q", options="all", answer="beyond", answer_is="index0")
    none, (left,) = problems_of(iter([(":1", row)]), beyond, "t", "d", Domain.KNOWLEDGE_QA)
    assert not none
    assert left.where == "t:1"
