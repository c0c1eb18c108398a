"""A sentence of financial news → what it says for the company's share price (Financial PhraseBank, Malo et al. 2014).

    input    Operating profit fell to EUR 3 mn from EUR 5 mn in the same quarter a year ago .
    target   negative

These are the 4,846 sentences on which at least half of the five to eight annotators agreed, in the file that Kaggle
spread. It is Latin-1, and some sentences lost letters before it was made (``EUR TM s``, ``Lemmink+Æinen``): they stay
as they are. Two sentences stand in it twice with different labels. Neither the authors nor the file name a split: rows
are shared out by content hash. Scored is macro F1, which FinBERT (Araci 2019) reports beside accuracy, since three
sentences in five are neutral; accuracy and weighted F1 stand beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from anytasktune.examples import DataRequest, Example
from anytasktune.metrics import named
from anytasktune.recipes import CHOICE
from anytasktune.sources import PinnedFile
from anytasktune.subtask import SubTask
from anytasktune.tables import column, read_rows
from anytasktune_tasks import card_path

YAML: Final = card_path("finance/news_sentiment")
SOURCE: Final = PinnedFile(
    owner="ishu121992",
    repo="financial-news-sentiment-classification",
    commit="5e03836f0d5b109d1499a9855b942409f10b5809",
    path="all-data.csv",
    sha256="da2a57789cc6099aa27c6300550ca46d8351f9b4a6c8b03e32cf8081dd236d15",
)


def build(_request: DataRequest) -> Iterator[Example]:
    """All 4,846 sentences; ids are ``phrasebank:<row>``."""
    table = read_rows(SOURCE.fetch(), encoding="latin-1")
    pairs = zip(column(table, "news"), column(table, "label"), strict=True)
    for number, (sentence, label) in enumerate(pairs):
        yield Example(id=f"phrasebank:{number}", input=sentence, targets=(label,), language="en")


SUBTASK = SubTask(
    id="finance/news-sentiment",
    yaml=YAML,
    build=build,
    metric=named("macro-f1", YAML),
    recipe=CHOICE,
)
