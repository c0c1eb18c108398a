"""The adapter folder: written so that plain PEFT loads it on any machine, read back, probed and merged.

A probe stands before every score: an adapter that does nothing, or that belongs to another base, is an
error and never a low score.
"""

from __future__ import annotations

import copy
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import torch

from anytasktune.errors import AdapterError, TrainingError
from anytasktune.prompts import hash_of
from anytasktune.training import checkpoints, prompt_difference
from anytasktune.training.texts import Encodes

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
INFO = "anytasktune.json"
CARD = "README.md"
FORMAT = 1
PROMPT = "prompt"
"""Key of the identity under which the words behind ``prompt_hash`` stand; see ``prompts.prompt_words``."""

MERGE_TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-8}
"""Largest difference of logits, as a share of the largest logit, that merging may make, by type of the
weights."""
HALF_TOLERANCE = 5e-2


class Evaluation(NamedTuple):
    """Validation loss (mean over answer tokens, in nats) after ``step`` steps."""

    step: int
    loss: float


@dataclass(frozen=True, kw_only=True)
class AdapterInfo:
    """What ``anytasktune.json`` says about an adapter.

    Args:
        identity: what it belongs to: ``base`` (public name), ``prompt_hash`` and the words behind it, data
            fingerprints, task and so on.
        recipe: fields of the recipe.
        recipe_hash, seed: of the run.
        steps, best_step: optimiser steps; the weights are those of ``best_step``.
        evaluations: validation losses in order.
        losses: training loss of each step, mean over the step's answer tokens.
        examples, tokens, answer_tokens: that went through training, repetitions counted.
        seconds: of work, interruptions left out.
        shortened: rows of each split whose context lost tokens from its middle.
        adapted_modules, trainable_parameters: of the adapter.
        versions: of the packages that made it.
    """

    identity: Mapping[str, str]
    recipe: Mapping[str, Any]
    recipe_hash: str
    seed: int
    steps: int
    best_step: int
    evaluations: tuple[Evaluation, ...]
    losses: tuple[float, ...]
    examples: int
    tokens: int
    answer_tokens: int
    seconds: float
    shortened: Mapping[str, int]
    adapted_modules: int
    trainable_parameters: int
    versions: Mapping[str, str]

    @property
    def best_validation_loss(self) -> float:
        """Of the weights in the folder."""
        return next(evaluation.loss for evaluation in self.evaluations if evaluation.step == self.best_step)

    @property
    def method(self) -> str:
        """Of the recipe: ``lora``, ``dora``, ``rslora`` or ``full``."""
        return str(self.recipe["method"])


def require_public(identity: Mapping[str, str]) -> None:
    """Refuses an identity that lacks the base's name, or names a path of this machine.

    Raises:
        TrainingError: see above.
    """
    if not identity.get("base"):
        raise TrainingError("The base model has no name to write into the adapter.", fix='give identity["base"]')
    for key, value in identity.items():
        if re.match(r"[/~\\]|\.{1,2}[/\\]|[A-Za-z]:[/\\]", value):
            raise TrainingError(
                f"The adapter's {key} would be a path of this machine: {value!r}.",
                fix="give the model's public name or a label; on another machine the path means nothing",
            )


def versions() -> dict[str, str]:
    """Installed versions of the packages that shape an adapter."""
    found = {}
    for package in ("anytasktune", "torch", "transformers", "peft"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # run from a source tree
            found[package] = "not installed"
    return found


def write_adapter(model: Any, folder: Path, info: AdapterInfo) -> None:
    """Writes the folder, whole or not at all.

    Args:
        model: the PEFT model, or for the method ``full`` the plain model.
        folder: replaced when it exists.
        info: goes into ``anytasktune.json`` and the card.
    """
    with checkpoints.whole_folder(folder) as work:
        if info.method == "full":
            model.save_pretrained(work)
        else:
            _write_peft(model, work, info.identity["base"])
        checkpoints.write_json(work / INFO, {"format": FORMAT, **asdict(info)})
        checkpoints.write_text(work / CARD, card(info))


def _write_peft(model: Any, folder: Path, base: str) -> None:
    from peft import get_peft_model_state_dict

    tensors = get_peft_model_state_dict(model, save_embedding_layers=False)
    checkpoints.save_tensors(folder / WEIGHTS, tensors, metadata={"format": "pt"})
    config = copy.deepcopy(model.peft_config["default"])
    config.base_model_name_or_path = base
    config.inference_mode = True
    config.save_pretrained(folder)
    written = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    if isinstance(written["target_modules"], list):  # a set in PEFT, hence in another order each time
        written["target_modules"] = sorted(written["target_modules"])
    checkpoints.write_json(folder / CONFIG, dict(sorted(written.items())))


def read_adapter(folder: Path) -> AdapterInfo:
    """What the folder says about itself.

    Raises:
        AdapterError: it is not an adapter folder of ours, or a newer format.
    """
    path = folder / INFO
    if not path.is_file():
        raise AdapterError(
            f"{folder} is not an adapter folder of anytasktune: it has no {INFO}.",
            fix="give the folder that `anytasktune tune` named when it ended",
        )
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = data.pop("format")
        if found != FORMAT:
            raise AdapterError(f"{path} has format {found!r}; this version reads {FORMAT}.", fix="update anytasktune")
        data["evaluations"] = tuple(Evaluation(*pair) for pair in data["evaluations"])
        data["losses"] = tuple(data["losses"])
        return AdapterInfo(**data)
    except (ValueError, KeyError, TypeError) as problem:
        raise AdapterError(f"{path} cannot be read.", evidence=[problem], fix="tune again") from problem


def check_prompt_hash(info: AdapterInfo, prompt_hash: str, words: str = "", other_base: Sequence[str] = ()) -> None:
    """Refuses an adapter under another prompt than the one it was tuned with.

    Args:
        info: of the adapter.
        prompt_hash: of the prompt that is asked now.
        words: that prompt, see ``prompts.prompt_words``.
        other_base: what shows that the base is another one too; said along with the prompts.

    Raises:
        AdapterError: the hashes differ; both prompts are shown, of an older adapter the hash.
    """
    tuned = info.identity.get("prompt_hash", "")
    if tuned == prompt_hash:
        return
    kept = info.identity.get(PROMPT, "")
    if hash_of(kept) == tuned and words:
        was, now = prompt_difference.both(kept, words)
    else:
        was, now = "", prompt_difference.alone(words) if words else ""
    raise AdapterError(
        f"The prompt is not the one that the adapter was tuned with{', nor is the base' if other_base else ''}.",
        evidence=[f"tuned with {tuned or 'no hash'}{was}", f"asked with {prompt_hash}{now}", *other_base],
        fix="use the prompt, the language and the chat template of the tuning, or tune again",
    )


def probe(base_model: Any, folder: Path, encoder: Encodes, contexts: Sequence[str]) -> None:
    """Refuses an adapter that does nothing; the base model is left as it was.

    Args:
        base_model: transformers model that the adapter is for.
        folder: of the adapter.
        encoder: of the base model.
        contexts: a few prompts as evaluation hands them over; at least one.

    Raises:
        AdapterError: no module is adapted, every LoRA B is zero, or all logits at the ends of the contexts
            equal the base's.
    """
    if not contexts:
        raise AdapterError("A probe needs at least one prompt.", where=str(folder))
    prompts = [torch.tensor([ids], device=_device(base_model)) for ids in encoder.encode_batch(contexts)]
    before = [_last_logits(base_model, ids) for ids in prompts]
    if read_adapter(folder).method != "full":
        _require_weights(folder)
    with applied(base_model, folder) as adapted:
        after = [_last_logits(adapted, ids) for ids in prompts]
    largest = max(float((a - b).abs().max()) for a, b in zip(after, before, strict=True))
    if not largest > 0:
        raise AdapterError(
            "The adapter changes nothing: its answers would be the base model's.",
            where=str(folder),
            evidence=[f"largest difference of logits over {len(contexts)} prompts: {largest}"],
            fix="tune with more steps or a higher learning rate, and look at the training loss",
        )


@contextmanager
def applied(base_model: Any, folder: Path) -> Iterator[Any]:
    """The base model with the adapter on it, for inference; on leaving, the base is as it was.

    For the method ``full`` a tuned copy.

    Raises:
        AdapterError: the adapter does not fit the base model.
    """
    if read_adapter(folder).method == "full":
        yield _tuned_copy(base_model, folder)
        return
    with untouched(base_model):
        model = _on(base_model, folder)
        try:
            yield model.eval()
        finally:
            model.unload()


@contextmanager
def without_peft_warnings() -> Iterator[None]:
    """Leaves out what PEFT's use of transformers warns of, which nobody who tunes can act on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
        yield


@contextmanager
def untouched(base_model: Any) -> Iterator[None]:
    """Puts back what PEFT leaves on a model: gradient flags, training mode, its marks."""
    flags = {name: parameter.requires_grad for name, parameter in base_model.named_parameters()}
    training, marks = base_model.training, set(vars(base_model))
    try:
        yield
    finally:
        for name in set(vars(base_model)) - marks:
            if "peft" in name:
                delattr(base_model, name)
        for name, parameter in base_model.named_parameters():
            parameter.requires_grad_(flags.get(name, parameter.requires_grad))
        base_model.train(training)


def load_merged(base_model: Any, folder: Path, *, keep_base: bool = True) -> Any:
    """One plain model that answers as base and adapter do, checked against the two unmerged.

    Args:
        base_model: transformers model that the adapter is for.
        folder: of the adapter.
        keep_base: leave the base as it is and merge into a copy; otherwise the base itself becomes the
            result.

    Raises:
        AdapterError: the adapter does not fit, or merging changed the logits by more than
            ``MERGE_TOLERANCE``.
    """
    if read_adapter(folder).method == "full":
        return _tuned_copy(base_model, folder)
    base = copy.deepcopy(base_model) if keep_base else base_model
    ids = _sample_ids(base)
    model = _on(base, folder).eval()
    with torch.no_grad():
        unmerged = model(input_ids=ids).logits.float()
        merged_model = model.merge_and_unload(safe_merge=True).eval()
        merged = merged_model(input_ids=ids).logits.float()
    for name in [name for name in vars(merged_model) if "peft" in name]:
        delattr(merged_model, name)
    difference = float((merged - unmerged).abs().max() / unmerged.abs().max())
    tolerance = MERGE_TOLERANCE.get(next(merged_model.parameters()).dtype, HALF_TOLERANCE)
    if not difference <= tolerance:
        raise AdapterError(
            "The merged model answers otherwise than base and adapter.",
            where=str(folder),
            evidence=[f"largest relative difference of logits {difference:.2g}, allowed {tolerance:.2g}"],
            fix="load the base in float32, or use it without merging",
        )
    return merged_model


def adapted_parameters(base_model: Any, folder: Path) -> list[str]:
    """Names of the base's parameters that merging the adapter changes.

    Raises:
        AdapterError: the adapter's weights cannot be read.
    """
    modules = {
        name.removeprefix("base_model.model.").rpartition(".lora_")[0] for name in _stored(folder) if ".lora_" in name
    }
    return [name for name, _ in base_model.named_parameters() if name.rpartition(".")[0] in modules]


def card(info: AdapterInfo) -> str:
    """The README of an adapter folder."""
    base, identity = info.identity["base"], info.identity
    licence = identity.get("base_licence", "not stated")
    library = "transformers" if info.method == "full" else "peft"
    rows = [
        *((key.replace("_", " "), value) for key, value in sorted(identity.items()) if key != PROMPT),
        ("recipe hash", info.recipe_hash),
        ("seed", str(info.seed)),
        ("steps", f"{info.steps}, best {info.best_step}"),
        ("validation loss", f"{info.best_validation_loss:.4f} (nats per answer token, best step)"),
        ("training loss", f"{info.losses[0]:.4f} at the first step, {info.losses[-1]:.4f} at the last"),
        ("adapted modules", f"{info.adapted_modules}, {info.trainable_parameters:,} trained parameters"),
        *((f"version of {name}", version) for name, version in info.versions.items()),
    ]
    recipe = [f"| {name} | {_cell(value)} |" for name, value in info.recipe.items()]
    losses = [f"| {step} | {loss:.5f} |" for step, loss in info.evaluations]
    lines = [
        "---",
        f"base_model: {json.dumps(base, ensure_ascii=False)}",
        f"library_name: {library}",
        "pipeline_tag: text-generation",
        "tags: [anytasktune]",
        "---",
        "",
        f"# {_cell(identity.get('task', 'Adapter'))}",
        "",
        f"Tuned with anytasktune on {_cell(base)}. Licence of the base model: {_cell(licence)}.",
        "",
        *("| | |", "|---|---|", *(f"| {name} | {_cell(value)} |" for name, value in rows)),
        "",
        *("## Loading", "", "```python", *_loading(base, info.method), "```", ""),
        "Use the prompt that it was tuned with: its hash stands above; `anytasktune` refuses another one.",
        "",
        *("## Validation loss", "", "| step | loss |", "|---|---|", *losses, ""),
        *("## Recipe", "", "| field | value |", "|---|---|", *recipe),
    ]
    return "\n".join(lines) + "\n"


def _loading(base: str, method: str) -> list[str]:
    if method == "full":
        return [
            "from transformers import AutoModelForCausalLM",
            "",
            'model = AutoModelForCausalLM.from_pretrained("this folder")',
        ]
    return [
        "from peft import PeftModel",
        "from transformers import AutoModelForCausalLM",
        "",
        f"base = AutoModelForCausalLM.from_pretrained({json.dumps(base, ensure_ascii=False)})",
        'model = PeftModel.from_pretrained(base, "this folder")',
    ]


def _cell(value: object) -> str:
    return re.sub(r"([\\|`<>*_\[\]])", r"\\\1", " ".join(str(value).split()))


def _on(base_model: Any, folder: Path) -> Any:
    """The PEFT model of base and folder; every tensor of the folder must have found its place."""
    from peft import PeftModel, get_peft_model_state_dict

    stored = _stored(folder)
    misfits = [name for name, tensor in stored.items() if not _fits(base_model, name, tensor, stored)]
    if misfits:  # found out before PEFT changes the base, which it would leave half changed
        raise _other_base(folder, misfits)
    try:
        with without_peft_warnings():
            model = PeftModel.from_pretrained(base_model, str(folder))
    except (OSError, ValueError, RuntimeError, KeyError) as problem:
        raise _other_base(folder, [str(problem)[:300]]) from problem
    unfilled = set(get_peft_model_state_dict(model, save_embedding_layers=False)) ^ set(stored)
    if unfilled:
        model.unload()
        raise _other_base(folder, sorted(unfilled))
    return model


def _fits(base_model: Any, name: str, tensor: torch.Tensor, stored: Mapping[str, torch.Tensor]) -> bool:
    """Whether a LoRA A and the B beside it span the weight of the layer that they are named for."""
    path, found, _ = name.removeprefix("base_model.model.").partition(".lora_A.")
    if not found:
        return True
    other = stored.get(name.replace(".lora_A.", ".lora_B."))
    try:
        weight = base_model.get_submodule(path).weight
    except AttributeError:
        return False
    if other is None or not weight.is_floating_point():  # packed weights have another size
        return other is not None
    return bool(weight.numel() == tensor.shape[1] * other.shape[0])


def _other_base(folder: Path, evidence: Sequence[str]) -> AdapterError:
    return AdapterError(
        "The adapter belongs to another base model: not all of its weights have a place here.",
        where=str(folder),
        evidence=evidence,
        fix=f"it was tuned on {read_adapter(folder).identity.get('base')}: load that one",
    )


def _stored(folder: Path) -> dict[str, torch.Tensor]:
    try:
        return checkpoints.load_tensors(folder / WEIGHTS)
    except (OSError, ValueError) as problem:
        raise AdapterError(
            "The adapter's weights cannot be read.",
            where=str(folder / WEIGHTS),
            evidence=[problem],
            fix="tune again",
        ) from problem


def _require_weights(folder: Path) -> None:
    tensors = _stored(folder)
    second = [tensor for name, tensor in tensors.items() if ".lora_B." in name]
    if not second:
        raise AdapterError("The adapter adapts no module.", where=str(folder), fix="tune again")
    if not any(bool(tensor.any()) for tensor in second):
        raise AdapterError(
            f"The adapter does nothing: LoRA B is zero in all {len(second)} modules.",
            where=str(folder),
            fix="tune with at least one step and a learning rate above 0",
        )


def _tuned_copy(base_model: Any, folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=next(base_model.parameters()).dtype)
    return model.to(_device(base_model)).eval()


def _last_logits(model: Any, ids: torch.Tensor) -> torch.Tensor:
    """[vocabulary] logits after a prompt of shape [1, length]."""
    training = model.training
    model.eval()
    with torch.no_grad():
        logits: torch.Tensor = model(input_ids=ids, use_cache=False).logits[0, -1].float()
    model.train(training)
    return logits


def _sample_ids(model: Any) -> torch.Tensor:
    """[2, 16] tokens that are the same each time."""
    size = int(model.get_input_embeddings().weight.shape[0])
    generator = torch.Generator().manual_seed(0)
    return torch.randint(size, (2, 16), generator=generator).to(_device(model))


def _device(model: Any) -> torch.device:
    device: torch.device = next(iter(model.parameters())).device
    return device
