"""A legal consultation or case note → its key terms, by type; English and Chinese, written for this project.

    input    押一付三的房屋租赁合同没到期，房东换锁不让进，聊天记录都在，我不要他赔钱，就要把东西搬出来
             (the lease runs on, the landlord changed the lock; chats kept; no money wanted, only my things)
    target   relation: 房屋租赁合同 ⏎ dispute: 换锁不让进 ⏎ claim: 把东西搬出来 ⏎ evidence: 聊天记录

The rule: the words of the text, the shortest that name the term, each once as it first stands there, no dates, sums or
names at its edges. *relation*: the contract, tie or kind of case that the matter is about; *dispute*: what is
complained of, without the person who did it; *claim*: what the asking side wants, without "want"; *evidence*: proof
that exists, whoever holds it. What is offered and turned down, lost, or not there is no term. Two careful people differ
by a word at an edge ("deposit", "deposit back"), so a span within another counts half (SemEval 2013's partial match).

How the rows were made: text and terms one after the other, in voices from phone notes to letters; matters of
train are others than those of validation and test. ``hard`` marks rows with offers turned down, proof that is missing,
or second wishes that are withdrawn. What they cannot show: the terms of long files, which bring hundreds, statutes that
are cited, and how often a type is missing in real notes: here one row in fourteen lacks one.
"""

from __future__ import annotations

from anytasktune.metrics import named
from anytasktune.recipes import EXTRACT
from anytasktune.subtask import SubTask
from anytasktune_tasks import authored_rows, card_path

YAML = card_path("law/keyword_extraction")
SUBTASK = SubTask(
    id="law/keyword-extraction",
    yaml=YAML,
    build=lambda _: authored_rows(YAML),
    metric=named("span-f1-partial", YAML),
    recipe=EXTRACT,
)
