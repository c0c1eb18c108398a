"""A sentence of the US central bank → its stance on monetary policy (FOMC hawkish-dovish, Shah et al. 2023).

    input    Members agreed that rates would have to rise further until inflation is back at its goal.
    target   hawkish

Version 1 is the publisher's "combined, split sentences" set under seed 5768; the variants are its two other
seeds. The publisher names no validation split: a tenth of train is carved off by content hash.

The publisher's scorer calls an answer dovish or hawkish when it begins with DOVISH or HAWKISH, and
neutral otherwise. So ours reads a label in capitals at the very beginning; for every other answer the
stock rules hold, so that an answer without any label is unreadable instead of neutral. On ChatGPT's
recorded answers, all of which begin with a label, the two agree: weighted F1 0.5868 ± 0.0131 (mean and
population standard deviation over the three seeds), as published.

That figure rests on the labels in the file of recorded answers. Three of its rows (one of seed 78516,
two of 944601) carry another label than the test file, and ChatGPT's words there are about another
sentence: they count as missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from anytasktune.errors import DataError
from anytasktune.examples import DataRequest, Example, Split
from anytasktune.metrics.choice import F1
from anytasktune.metrics.grading import Grade
from anytasktune.recipes import CHOICE
from anytasktune.sources import PinnedFile
from anytasktune.subtask import SubTask
from anytasktune.tables import RawRow, column_name, read_rows
from anytasktune_tasks import card_path

LABELS: Final = ("dovish", "hawkish", "neutral")
"""In the order of the publisher's codes 0, 1, 2."""

SURFACES: Final = {
    **{label: label for label in LABELS},
    "鸽派": "dovish",
    "鹰派": "hawkish",
    "中性": "neutral",
}

SEEDS: Final = {"": "5768", "seed-78516": "78516", "seed-944601": "944601"}
"""The publisher's seed of each data variant."""

_SHA256: Final = {
    "train-5768": "a4157414bf60cdcedec07d2ab9a7d253214b991ab9f9e03300c00056f5a2032c",
    "train-78516": "77a6f9d745cf1bafe37d5c1d8c86744ebaf185abe428e71e88ba718fc4b35f0f",
    "train-944601": "51c269c2eaef7fb4aff0cd3c4a262530f47633d77c169079767d6d873d173f55",
    "test-5768": "d8a54d486bec780f0409b8d7f19c566a3b85ceb6560a15e5016feb3c565f615b",
    "test-78516": "09ded8a25b1d841177f96049ef8e5fb3567e048d135418b282a6e3c5a621a7f8",
    "test-944601": "a2a0f65df2542660b30cb3a3a5b2e3fec88201465bcca3de2f16593c12eea76f",
    "chatgpt-5768": "af18836a0aa6d55496d9e7bb7a4867c4562180bd6c28d2c8bb44f56edf3e6e5d",
    "chatgpt-78516": "85ef13aa2d93e4769f7b5b610561374a1583046a1735b2edede6726c1ad1c883",
    "chatgpt-944601": "55a29e96a287112ff87b4115ad55474d6a99b7b000d1dbcc9c9129f99fd13f08",
}
_PATHS: Final = {
    "train": "training_data/test-and-training/training_data/lab-manual-split-combine-train-{seed}.xlsx",
    "test": "training_data/test-and-training/test_data/lab-manual-split-combine-test-{seed}.xlsx",
    "chatgpt": "llm_prompt_test_labels/chatgpt_lab-manual-split-combine_{seed}.csv",
}
_OFFICIAL: Final = re.compile("DOVISH|HAWKISH|NEUTRAL")


class StanceF1(F1):
    """Weighted F1; an answer that begins with a label in capitals is read as the publisher's scorer does."""

    def __init__(self) -> None:
        super().__init__(SURFACES, average="weighted")

    def grade(self, example: Example, answer: str | None) -> Grade:
        """1 for the right label, 0 otherwise."""
        opening = _OFFICIAL.match(answer or "")
        if answer is None or opening is None:
            return super().grade(example, answer)
        graded = super().grade(example, opening[0].lower())
        return replace(graded, run_on=bool(answer[opening.end() :].strip(" .\n")))


def build(request: DataRequest) -> Iterator[Example]:
    """Train and test of the seed that was asked for; ids are ``<split>-<seed>:<row>``."""
    seed = SEEDS[request.variant]
    splits: tuple[Split, ...] = ("train", "test")
    for split in splits:
        for row in _rows(split, seed):
            yield Example(
                id=f"{split}-{seed}:{row.number}",
                input=row.values["sentence"],
                targets=(label_of(row.values["label"]),),
                split=split,
                language="en",
            )


def label_of(code: str) -> str:
    """The label of the publisher's code; a code it does not know stays, so that the row is named as bad."""
    return dict(zip("012", LABELS, strict=True)).get(code, code)


def chatgpt(request: DataRequest) -> Iterator[tuple[str, str | None]]:
    """ChatGPT's answer to every test row; None where it answers another sentence (see above).

    Raises:
        DataError: a recorded row has not the test row's sentence.
    """
    seed = SEEDS[request.variant]
    for asked, row in zip(_rows("test", seed), recorded_rows(request), strict=True):
        if asked.values["sentence"] != row.values["original_sent"]:
            raise DataError(f"ChatGPT's recorded answer {row.number} of seed {seed} is to another sentence.")
        same = asked.values["label"] == row.values["true_label"]
        yield f"test-{seed}:{asked.number}", row.values["text_output"] if same else None


def recorded_rows(request: DataRequest) -> tuple[RawRow, ...]:
    """ChatGPT's file (``true_label``, ``original_sent``, ``text_output``), in the order of test."""
    return _rows("chatgpt", SEEDS[request.variant])


def _rows(kind: str, seed: str) -> tuple[RawRow, ...]:
    table = read_rows(
        PinnedFile(
            owner="gtfintechlab",
            repo="fomc-hawkish-dovish",
            commit="98646987452b326507479cf641571b33814bb73f",
            path=_PATHS[kind].format(seed=seed),
            sha256=_SHA256[f"{kind}-{seed}"],
        ).fetch()
    )
    for name in ("true_label", "original_sent", "text_output") if kind == "chatgpt" else ("sentence", "label"):
        column_name(table, name)
    return table.rows


SUBTASK = SubTask(
    id="finance/fomc-stance",
    yaml=card_path("finance/fomc_stance"),
    build=build,
    metric=StanceF1(),
    recipe=CHOICE,
    recorded={"ChatGPT": chatgpt},
)
