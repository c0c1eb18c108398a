"""A customer's words to a bank, an insurer or a fund house → one standard question; English and Chinese, written for
this project.

    input    不是要赎回 我就想知道为啥稳健理财也会跌   (not cashing in, only: why does a "steady" product fall?)
    target   稳健型理财产品为什么会亏损？              (why can low-risk wealth products lose money?)

The rule of every gold: the question under which a bank's list of questions would hold the answer. Proper terms for
products and procedures; names, sums, dates and the story only where the answer depends on them; English in the first
person, Chinese without a pronoun. ROUGE-L, on characters in Chinese, punishes what is kept too much as well as what
is lost, which chrF, leaning to recall, does not. A test row has two references in other words.

How the rows were made: each message and its question worded singly; the Chinese messages are no translations of the
English ones, and those of train are other messages with other questions than those of test. ``hard`` marks
messages that say first what they are not about, words that mean two things, and stories whose point comes
last. What they cannot show:
whether a question in quite other words would be as good, which questions real customers ask and how often, or that
the answers are known.
"""

from __future__ import annotations

from anytasktune.metrics import named
from anytasktune.recipes import TEXT
from anytasktune.subtask import SubTask
from anytasktune_tasks import authored_rows, card_path

YAML = card_path("finance/question_standardise")
SUBTASK = SubTask(
    id="finance/question-standardise",
    yaml=YAML,
    build=lambda _: authored_rows(YAML),
    metric=named("rouge-l", YAML),
    recipe=TEXT,
)
