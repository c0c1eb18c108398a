"""What a section shows, in words: no more than was tested."""

from __future__ import annotations

from anytasktune.leaderboard.board import Claim, Comparison, Section, p_words, signed
from anytasktune.leaderboard.comparing import Decided, Plan, is_base_of, turned
from anytasktune.leaderboard.drafting import Draft, Entry


def _figures(done: Comparison) -> str:
    if done.difference is None or done.p_holm is None:
        return done.reason
    interval = ""
    if done.low is not None and done.high is not None:
        interval = f" ({signed(done.low)} to {signed(done.high)})"
    return f"{signed(done.difference)}{interval}, {p_words(done.p_holm)}"


def _versus(subject: str, done: Comparison, other: str) -> str:
    """One sentence: what was shown, with the figures, or that nothing was."""
    verb = {
        "better": "beats",
        "worse": "does worse than",
        "no difference shown": "is not shown to differ from",
        "not compared": "was not compared with",
    }[done.verdict]
    return f"{subject} {verb} {other}: {_figures(done)}."


def claim_of(draft: Draft, section: Section, plan: Plan, decided: Decided) -> Claim:
    """What is claimed of the section's adapters, and the smallest difference that its rows show."""
    sentences = []
    if section.limit is not None:
        sentences.append(f"Limited to {section.limit} rows: not for publication.")
    adapters = draft.of_family("adapter")
    for adapter in adapters:
        sentences += _sentences(draft, plan, decided, adapter)
    if not adapters:
        sentences.append("No adapter has a score here: nothing is claimed of tuning.")
    elif len(adapters) == 1:
        sentences.append("This is one adapter: it says nothing of other seeds of its recipe.")
    else:
        wins = sum(
            decided[adapter.id, plan.base_of[adapter.id].id].verdict == "better"
            for adapter in adapters
            if adapter.id in plan.base_of
        )
        sentences.append(f"{wins} of {len(adapters)} adapters beat the base at its best.")
    if section.smallest_difference is not None:
        sentences.append(
            f"A true difference of {section.smallest_difference:.3f} is found in these rows four times of "
            "five; a smaller one may well stay unseen."
        )
    elif any(done.p is not None for done in decided.values()):
        sentences.append("So few of these rows tell the models apart that no difference could be shown for sure.")
    return Claim(section=section.title, sentences=tuple(sentences))


def _sentences(draft: Draft, plan: Plan, decided: Decided, adapter: Entry) -> list[str]:
    """What is claimed of one adapter: against its base, the best classical row, each opponent."""
    subject = adapter.name if "adapter" in adapter.label.casefold() else f"The adapter {adapter.name}"
    base = plan.base_of.get(adapter.id)
    if base is None:
        sentences = [f"{subject} has no base row beside it: no gain is claimed."]
    else:
        whose = "its base at its best" if is_base_of(base.record, adapter.record) else "the best base row"
        tried = [e.protocol for e in draft.of_family("base") if e.record.model.spec == base.record.model.spec]
        best_of = f", the best of {', '.join(sorted(tried))}" if len(tried) > 1 else ", the only one tried"
        sentences = [_versus(subject, decided[adapter.id, base.id], f"{whose} ({base.name}{best_of})")]
    classical = plan.classical
    if classical is not None and (adapter.id, classical.id) in decided:
        done = decided[adapter.id, classical.id]
        if done.verdict == "worse":
            sentences.append(f"The classical row {classical.name} beats it: {_figures(turned(done))}.")
        else:
            sentences.append(_versus("It", done, f"the best classical row, {classical.name}"))
    for other in plan.opponents:
        if other is not base and other is not classical and (adapter.id, other.id) in decided:
            whose = "the general model " if other.record.model.family == "general" else ""
            sentences.append(_versus("It", decided[adapter.id, other.id], f"{whose}{other.name}"))
    return sentences
