r"""A tweet → the emotion in it: anger, joy, optimism or sadness (TweetEval, after SemEval-2018 task 1).

    input    @user three trains cancelled in a row, not even an announcement. #furious
    target   anger

Tweets stand as published, with ``@user`` for names, ``&amp;`` for ``&`` and ``\\n`` for a line break. Scored is macro
F1, as the publisher does. The recorded predictions are those that it published as an example, of a RoBERTa that was
trained further on tweets and tuned on this set; their macro F1 is 0.7983.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from anytasktune.examples import SPLITS, DataRequest, Example, Split
from anytasktune.metrics import named
from anytasktune.recipes import CHOICE
from anytasktune.sources import PinnedFile
from anytasktune.subtask import SubTask
from anytasktune.tables import read_text
from anytasktune_tasks import card_path

YAML: Final = card_path("psychology/tweet_emotion")
COMMIT: Final = "4fbd22cd78421f05b1ecdb4fc5725bc7a7bd8f66"
SHA256: Final = {
    "datasets/emotion/train_text.txt": "2c62f67aeb3eac1aea0e5a9c3d0f4bc337992581f3f858061786a1fb4d79d95e",
    "datasets/emotion/train_labels.txt": "987e767d8679e18abdf7de37a6d2bcd0a40a296ddd704e8d515cf0e3033c8d9c",
    "datasets/emotion/val_text.txt": "e2e30c86b8cbb97944d6543aedc06eace3bb275cb2f381aba787b838b4f23ca5",
    "datasets/emotion/val_labels.txt": "313730630160b7e0a6b4235b800c76683f4aeeb72d094eb69646630cd5cfe338",
    "datasets/emotion/test_text.txt": "7e1070f5d3e3fcece5bc73680bff9981e90d8f7b2f1009bfe7a01d059d1c6091",
    "datasets/emotion/test_labels.txt": "245072348c711961785be6d395997f97cf7fcda3effeae7805664171dc75f913",
    "predictions/emotion.txt": "16c6cf2b1c678bc739a738aa565e1f1bfb67e365cfc06fb413bfda9ddbaf88a0",
}
FILES: Final[dict[Split, str]] = {"train": "train", "validation": "val", "test": "test"}
"""The publisher's name of each split."""

LABELS: Final = ("anger", "joy", "optimism", "sadness")
"""In the order of the publisher's codes 0 to 3 (its ``mapping.txt``)."""


def build(_request: DataRequest) -> Iterator[Example]:
    """The publisher's three splits; ids are ``<train, val or test>:<line>``."""
    for split in SPLITS:
        file = FILES[split]
        texts = _lines(f"datasets/emotion/{file}_text.txt")
        codes = _lines(f"datasets/emotion/{file}_labels.txt")
        for number, (text, code) in enumerate(zip(texts, codes, strict=True)):
            yield Example(id=f"{file}:{number}", input=text, targets=(label_of(code),), split=split, language="en")


def label_of(code: str) -> str:
    """The label of the publisher's code; a code it does not know stays, so that the row is named as bad."""
    return dict(zip("0123", LABELS, strict=True)).get(code, code)


def roberta(_request: DataRequest) -> Iterator[tuple[str, str]]:
    """The predicted label of every test row."""
    for number, code in enumerate(_lines("predictions/emotion.txt")):
        yield f"test:{number}", label_of(code)


def pinned(path: str) -> PinnedFile:
    """A file of the repository."""
    return PinnedFile(owner="cardiffnlp", repo="tweeteval", commit=COMMIT, path=path, sha256=SHA256[path])


def _lines(path: str) -> list[str]:
    # Only a line feed ends a row; str.splitlines would cut tweets at other marks too.
    return read_text(pinned(path).fetch(), encoding="utf-8").text.removesuffix("\n").split("\n")


SUBTASK = SubTask(
    id="psychology/tweet-emotion",
    yaml=YAML,
    build=build,
    metric=named("macro-f1", YAML),
    recipe=CHOICE,
    recorded={"RoBERTa, tuned on tweets": roberta},
)
