"""A contract clause or a plan → its main legal risk; English and Chinese, written for this project.

    input    My brother is borrowing to open a bar. The bank's form has me standing in for "all present and future debts
             of the borrower", no figure. I'd sign on Monday.
    target   unlimited-liability

The main risk, not its degree: two careful people agree on whether a sum is open-ended or a duty left open, hardly on
whether a risk is "high" or "medium". The rule: the risk is that of the side that asks or is named; where a row has
several faults, the gold is the one that can cost that side most; a clause that is capped, mutual, announced with a way
out, or agreed to by the people whose data it concerns, is no material risk, whatever words it uses.

How the rows were made: each worded singly; the six answers are about equally frequent in each language and split, so
that a score says nothing of how often each risk occurs. ``hard`` marks rows that use the words of another
risk, or put two faults together, or look at the clause from the side that gains by it. What they cannot show:
whether a clause is valid
(under the law of the PRC or any other), how large a risk is, or what stands elsewhere in the contract.
"""

from __future__ import annotations

from anytasktune.metrics import named
from anytasktune.recipes import CHOICE
from anytasktune.subtask import SubTask
from anytasktune_tasks import authored_rows, card_path

YAML = card_path("law/risk_assessment")
SUBTASK = SubTask(
    id="law/risk-assessment",
    yaml=YAML,
    build=lambda _: authored_rows(YAML),
    metric=named("accuracy", YAML),
    recipe=CHOICE,
)
