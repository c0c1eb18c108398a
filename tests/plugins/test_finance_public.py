"""Financial PhraseBank and banking77: counts, labels, what the publisher's files hold."""

from __future__ import annotations

from collections import Counter

import pytest

from anytasktune.examples import DataRequest
from anytasktune.splits import build
from anytasktune_finance import banking_intent, news_sentiment

pytestmark = pytest.mark.usefixtures("mirror")


def test_every_sentence_of_the_phrasebank_comes_once_with_its_label_and_its_latin_1_letters() -> None:
    rows = list(news_sentiment.build(DataRequest()))
    assert Counter(row.targets[0] for row in rows) == {"neutral": 2879, "positive": 1363, "negative": 604}
    assert [row.id for row in rows[:2]] == ["phrasebank:0", "phrasebank:1"]
    assert sum("£" in row.input for row in rows) > 0
    assert not any("\ufffd" in row.input for row in rows)


def test_the_phrasebank_is_shared_out_without_a_repeated_sentence_in_two_splits() -> None:
    data = build(news_sentiment.SUBTASK)
    assert data.report.counts == {"train": 2902, "validation": 502, "test": 1433}
    assert Counter(leak.how for leak in data.report.leaks) == {"near": 9}
    test = {row.input for row in data.splits["test"]}
    assert not test & {row.input for split in ("train", "validation") for row in data.splits[split]}  # type: ignore[index]


def test_banking77_keeps_its_test_file_and_every_intent_is_learnt_and_tested() -> None:
    data = build(banking_intent.SUBTASK)
    assert data.report.counts == {"train": 8946, "validation": 960, "test": 3080}
    per_intent = Counter(row.targets[0] for row in data.splits["test"])
    labels = {label.id for label in banking_intent.SUBTASK.card.labels}
    assert len(labels) == 77
    assert per_intent == dict.fromkeys(labels, 40)
    assert {row.targets[0] for row in data.splits["train"]} == labels


def test_get_physical_card_is_about_the_pin_as_its_names_say() -> None:
    rows = [row for row in banking_intent.build(DataRequest()) if row.targets == ("get_physical_card",)]
    train = [row for row in rows if row.split == "train"]
    assert (len(train), sum("pin" in row.input.lower() for row in train)) == (106, 105)


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("card swallowed", "card_swallowed"),
        ("Card_swallowed.", "card_swallowed"),
        ("卡被机器吞了", "card_swallowed"),
        ("Intent: top up by bank transfer charge", "top_up_by_bank_transfer_charge"),
        ("top up", ""),
        ("card swallowed or card not working", ""),
    ],
)
def test_an_intent_is_read_by_its_id_or_its_name_in_either_language(answer: str, read: str) -> None:
    row = next(row for row in banking_intent.build(DataRequest()) if row.targets == ("card_swallowed",))
    grade = banking_intent.SUBTASK.metric.grade(row, answer)
    assert "".join(grade.read) == read
    assert grade.score == float(read == "card_swallowed")
