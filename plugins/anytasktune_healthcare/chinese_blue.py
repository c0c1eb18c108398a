"""ChineseBLUE (Zhang et al. 2020): Chinese biomedical tasks, each with its own train, dev and test file."""

from __future__ import annotations

from typing import Final

from anytasktune.examples import Split
from anytasktune.sources import PinnedFile
from anytasktune.tables import read_text

COMMIT: Final = "52eefc9d5cb1839348546c8a473c633d4d9d60a8"

FILES: Final[dict[Split, str]] = {"train": "train", "validation": "dev", "test": "test"}
"""The publisher's name of each split."""

SHA256: Final = {
    "cMedQANER/train.txt": "f8fb2385e00b91c6062b3ced1fef730c07f793d5a20ed2f3631f96b96e9fd2b2",
    "cMedQANER/dev.txt": "24edab3aa8b7d8c45e638ad4a2e0437c09cbf4ea14d429fc5a4387f2e907f9d6",
    "cMedQANER/test.txt": "68975c9ce692c0d07fe7b2e17762191d2ca55048e6a23819b77de6f943109ffb",
    "cMedQQ/train.txt": "89ff92e6e909505df1cd5b66efe1f8bafb7c45b3760e39ef84c6346a34c8d8d4",
    "cMedQQ/dev.txt": "1abdea1b2dc1159dddc7fab423197b60636e1a522377907fcdb56da3539550a2",
    "cMedQQ/test.txt": "b6801497a81b392fd1e431282c12cdd8e38c6e15f7ac223bdc0553b5cdd7720e",
    "cMedTC/train.txt": "823806f1f4ee0ecbd14318f6ff72fc87580c9edccd5f4e73359c43291aaa277e",
    "cMedTC/dev.txt": "9a552ce904275aec48cbd06313eceaddfc94461d0475c966cacfe0cae3030b4e",
    "cMedTC/test.txt": "b38f3751bcd8560be5c5f5316b3cecc8e59d4a436246f9d8d5dc38479bbbe78c",
}


def pinned(task: str, split: Split) -> PinnedFile:
    """The file of one split of a task (``cMedTC``)."""
    path = f"{task}/{FILES[split]}.txt"
    return PinnedFile(
        owner="alibaba-research",
        repo="ChineseBLUE",
        commit=COMMIT,
        path=f"data/{path}",
        sha256=SHA256[path],
    )


def lines(task: str, split: Split) -> list[str]:
    """The lines of that file, without their ends (one task's are CR LF) and without the empty one after the last."""
    text = read_text(pinned(task, split).fetch(), encoding="utf-8").text
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def row_id(split: Split, number: int) -> str:
    """``<publisher's split>:<row>``: ``dev:17``."""
    return f"{FILES[split]}:{number}"
