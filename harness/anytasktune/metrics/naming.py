"""The one door for plugin authors: a metric by the field's name for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from anytasktune.card import Card, read_card
from anytasktune.errors import UsageError, did_you_mean
from anytasktune.examples import KINDS, Kind
from anytasktune.metrics import choice, label_sets
from anytasktune.metrics.agreement import Pearson, QuadraticKappa, Spearman
from anytasktune.metrics.bleu import Bleu
from anytasktune.metrics.grading import Metric
from anytasktune.metrics.json_fields import JsonFieldF1
from anytasktune.metrics.numbers import LogDistance, NumericMatch
from anytasktune.metrics.reading import label_surfaces
from anytasktune.metrics.spans import SpanF1
from anytasktune.metrics.texts import ChrF, ExactMatch, RougeL, RougeN, TokenF1


@dataclass(frozen=True, kw_only=True)
class _Offered:
    """One metric of one kind. ``make`` takes the options, and first the label surfaces where the kind has labels."""

    line: str
    make: Callable[..., Metric]
    options: tuple[str, ...] = ()


_LABELS = ("labels",)
_SCALE = ("scale",)
_OFFERED: Mapping[Kind, Mapping[str, _Offered]] = {
    "choice": {
        "accuracy": _Offered(
            line="share of right answers", make=partial(choice.Accuracy, others=True), options=_LABELS
        ),
        "balanced-accuracy": _Offered(
            line="mean recall of the labels that occur",
            make=partial(choice.BalancedAccuracy, others=True),
            options=_LABELS,
        ),
        "macro-f1": _Offered(
            line="mean F1 over all labels of the card",
            make=partial(choice.F1, average="macro", others=True),
            options=_LABELS,
        ),
        "micro-f1": _Offered(
            line="F1 of the pooled counts",
            make=partial(choice.F1, average="micro", others=True),
            options=_LABELS,
        ),
        "weighted-f1": _Offered(
            line="mean F1 over the labels, weighted by their rows",
            make=partial(choice.F1, average="weighted", others=True),
            options=_LABELS,
        ),
        "mcc": _Offered(
            line="Matthews correlation of golds and answers",
            make=partial(choice.MatthewsCorrelation, others=True),
            options=_LABELS,
        ),
    },
    "labels": {
        "set-f1": _Offered(
            line="mean over rows of the F1 of the two sets",
            make=partial(label_sets.SetF1, others=True),
            options=_LABELS,
        ),
        "jaccard": _Offered(
            line="mean over rows of shared over all labels of the two sets",
            make=partial(label_sets.Jaccard, others=True),
            options=_LABELS,
        ),
        "subset-accuracy": _Offered(
            line="share of rows whose set is exactly right",
            make=partial(label_sets.SubsetAccuracy, others=True),
            options=_LABELS,
        ),
        "micro-f1": _Offered(
            line="F1 of the labels of all rows, pooled",
            make=partial(label_sets.MicroF1Sets, others=True),
            options=_LABELS,
        ),
        "macro-f1": _Offered(
            line="mean over the labels of the card of each label's F1",
            make=partial(label_sets.MacroF1Sets, others=True),
            options=_LABELS,
        ),
    },
    "extract": {
        "span-f1": _Offered(
            line="F1 of the spans (entities) of all rows, pooled, and by type", make=SpanF1, options=_LABELS
        ),
        "span-f1-partial": _Offered(
            line="the same; a span that contains or is part of a gold one counts half",
            make=partial(SpanF1, partial=True),
            options=_LABELS,
        ),
    },
    "text": {
        "rouge-l": _Offered(line="F1 of the longest common subsequence of tokens", make=RougeL),
        "rouge-1": _Offered(line="F1 of the shared tokens", make=partial(RougeN, 1)),
        "rouge-2": _Offered(line="F1 of the shared pairs of neighbouring tokens", make=partial(RougeN, 2)),
        "bleu": _Offered(
            line="corpus BLEU; Chinese by character where the card has Chinese", make=Bleu, options=("tokenizer",)
        ),
        "chrf": _Offered(line="F2 of the shared character n-grams, mean over rows", make=ChrF),
        "exact-match": _Offered(line="share of answers that equal a reference, normalised", make=ExactMatch),
        "token-f1": _Offered(line="F1 of the shared tokens as SQuAD has it; Chinese by character", make=TokenF1),
        "json-field-f1": _Offered(line="F1 of the fields of a JSON object, and its validity", make=JsonFieldF1),
    },
    "number": {
        "numeric-match": _Offered(
            line="share of answers that are the gold number, within a tolerance",
            make=NumericMatch,
            options=("tolerance", "relative"),
        ),
        "log-distance": _Offered(
            line="1 - |ln(answer + 1) - ln(gold + 1)| / ln(limit), mean over rows",
            make=LogDistance,
            options=("limit",),
        ),
        "pearson": _Offered(line="correlation of answers and golds", make=Pearson, options=_SCALE),
        "spearman": _Offered(line="rank correlation of answers and golds", make=Spearman, options=_SCALE),
        "quadratic-kappa": _Offered(
            line="agreement beyond chance, squared distances", make=QuadraticKappa, options=_SCALE
        ),
    },
}
_ALSO_CALLED: Mapping[str, str] = {
    "em": "exact-match",
    "entity-f1": "span-f1",
    "entity-f1-partial": "span-f1-partial",
    "f1": "macro-f1",
    "kappa": "quadratic-kappa",
    "matthews-correlation": "mcc",
    "qwk": "quadratic-kappa",
    "rouge": "rouge-l",
    "samples-f1": "set-f1",
    "token-level-f1": "token-f1",
}


def metric_names(kind: str) -> list[tuple[str, str]]:
    """The stock metrics of a kind of answer, by the name that :func:`named` takes, each with one line about it.

    Raises:
        UsageError: there is no such kind.
    """
    return [(name, offered.line) for name, offered in _of_kind(kind).items()]


def named(name: str, card: Card | str | os.PathLike[str], **options: Any) -> Metric:
    """A stock metric for the sub-task of a card: ``named("macro-f1", card_path("law/x"))``.

    Labels (and types of spans) may be answered by their id or by any name that the card has for them. BLEU splits
    Chinese into characters where the card has Chinese among its languages.

    Args:
        name: one of ``metric_names(card.kind)``; see docs/metrics.md.
        card: the card, or the path of the YAML that it stands in.
        options: the metric's own. ``labels`` (ids, or surfaces mapped to ids) for a card that does not list them.

    Raises:
        UsageError: there is no such metric for cards of that kind, or it has no such option.
        CardError: the YAML is missing or invalid, or two of its labels are written alike.
    """
    if isinstance(card, str | os.PathLike):
        card = read_card(Path(card))
    if not isinstance(card, Card):
        raise UsageError(f"A metric is made for a card or the path of its YAML, not for {type(card).__name__}.")
    offered = _offered(name, card)
    for option in options:
        if option not in offered.options:
            hint = did_you_mean(option, offered.options) if offered.options else "leave it out"
            raise UsageError(f"The metric {name!r} has no option {option!r}.", where=card.id, fix=hint)
    surfaces: tuple[Mapping[str, str], ...] = ()
    if "labels" in offered.options:
        surfaces = (_surfaces(name, card, options.pop("labels", None)),)
    if "tokenizer" in offered.options and "zh" in card.languages:
        options.setdefault("tokenizer", "zh")
    try:
        return offered.make(*surfaces, **options)
    except ValueError as error:
        raise UsageError(
            f"The metric {name!r} cannot be made: {error}.", where=card.id, fix="see docs/metrics.md"
        ) from None


def _of_kind(kind: str) -> Mapping[str, _Offered]:
    for known, offered in _OFFERED.items():
        if known == kind:
            return offered
    raise UsageError(f"There is no kind of answer called {kind!r}.", fix=did_you_mean(str(kind), KINDS))


def _offered(name: str, card: Card) -> _Offered:
    fit = _of_kind(card.kind)
    if name in fit:
        return fit[name]
    elsewhere = [kind for kind, offered in _OFFERED.items() if name in offered]
    if elsewhere:
        raise UsageError(
            f"The metric {name!r} is for kind {' and '.join(elsewhere)}; {card.id} is of kind {card.kind}.",
            where=card.id,
            fix=f"for kind {card.kind} there are: {', '.join(fit)}",
        )
    plain = str(name).strip().lower().replace("_", "-").replace(" ", "-")
    other = _ALSO_CALLED.get(plain, plain)
    hint = f"did you mean {other}?" if other in fit else did_you_mean(plain, fit)
    raise UsageError(f"No metric of kind {card.kind} is called {name!r}.", where=card.id, fix=hint)


def _surfaces(name: str, card: Card, labels: Sequence[str] | Mapping[str, str] | None) -> Mapping[str, str]:
    """Surfaces mapped to label ids: from the option, or from the card; a span may be of any type."""
    if labels is not None:
        mapped = isinstance(labels, Mapping)
        listed = not mapped and isinstance(labels, Sequence) and not isinstance(labels, str)
        words = [*labels, *(labels.values() if isinstance(labels, Mapping) else ())] if mapped or listed else []
        if not words or not all(isinstance(word, str) and word for word in words):
            raise UsageError(
                f"The option labels of the metric {name!r} must be label ids, or surfaces mapped to ids, all text.",
                where=card.id,
            )
        return choice.surfaces_of(labels)
    if not card.labels and card.kind != "extract":
        raise UsageError(
            f"The metric {name!r} needs labels, and the card of {card.id} lists none.",
            where=card.id,
            fix="list them on the card, or pass labels=[…]",
        )
    return label_surfaces(card)
