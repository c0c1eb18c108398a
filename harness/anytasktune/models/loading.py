"""Models from a folder or a hub, onto the device that is there: safetensors only, adapters merged."""

from __future__ import annotations

import hashlib
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anytasktune.errors import AdapterError, ModelError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")

_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "tokenizer_config.json")


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model ready to answer, and what a record says about it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    device: str
    dtype: str
    label: str
    revision: str
    """The hub's commit, ``sha256:…`` of a folder's weights and config, or what the caller of ``load``
    gave.
    """
    parameters: int
    adapter_hash: str = ""
    """``adapter_hash`` of the merged adapter; empty without one."""


def load(
    source: str | Path,
    *,
    revision: str | None = None,
    label: str | None = None,
    device: str = "auto",
    dtype: str = "auto",
    adapter: Path | None = None,
    trust_remote_code: bool = False,
) -> LoadedModel:
    """Loads a model for inference.

    Args:
        source: a folder, or a name on the model hub (``OWNER/NAME``, also ``hf:OWNER/NAME@REVISION``).
        revision: of the hub's model; of a folder, only what its record shall say.
        label: the name shown; the folder's or the hub's when None.
        device: ``auto`` takes CUDA, MPS or the CPU, by what is there; else a device of torch.
        dtype: ``auto`` is bfloat16 on a GPU that computes in it and float32 elsewhere (so that scores depend neither on
            a CPU's generation nor on the batch); else a type of torch by name.
        adapter: folder of a PEFT adapter; merged into the weights.
        trust_remote_code: whether the model may bring code of its own.

    Raises:
        ModelError: the model or a file of it is not there, or cannot be loaded.
        AdapterError: the adapter is incomplete or does not fit the model.
    """
    name, revision = _name_and_revision(str(source), revision)
    folder = _folder(name)
    if folder is not None:
        _require_files(folder)
    chosen_device = choose_device(device)
    chosen_dtype = choose_dtype(dtype, chosen_device)
    options: dict[str, Any] = {"trust_remote_code": trust_remote_code}
    if folder is None:
        options["revision"] = revision or "main"
    model, tokenizer = _from_pretrained(str(folder or name), options, chosen_dtype)
    if folder is not None:
        revision = revision or f"sha256:{folder_hash(folder)[:16]}"
    else:
        revision = getattr(model.config, "_commit_hash", None) or revision or "main"
    hashed = ""
    if adapter is not None:
        model, hashed = _merged(model, adapter), adapter_hash(adapter)
    model.to(chosen_device).eval()
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        device=chosen_device,
        dtype=str(chosen_dtype).removeprefix("torch."),
        label=label or (folder.resolve().name if folder is not None else name),
        revision=revision,
        parameters=model.num_parameters(),
        adapter_hash=hashed,
    )


def choose_device(device: str = "auto") -> str:
    """The device asked for, or the best that is there.

    Raises:
        ModelError: torch does not know or have the device asked for.
    """
    import torch

    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ModelError(
            f"The device {device!r} is not there.",
            evidence=[str(error).partition("\n")[0]],
            fix="use device auto, or cpu",
        ) from error
    return device


def choose_dtype(dtype: str, device: str) -> torch.dtype:
    """The number type asked for, or the device's default.

    Raises:
        ModelError: torch has no such floating-point type.
    """
    import torch

    if dtype == "auto":
        if device.startswith("cuda"):
            native = torch.cuda.is_bf16_supported(including_emulation=False)
            return torch.bfloat16 if native else torch.float32
        return torch.bfloat16 if device.startswith("mps") else torch.float32
    found = getattr(torch, dtype, None)
    if isinstance(found, torch.dtype) and found.is_floating_point:
        return found
    raise ModelError(f"There is no number type {dtype!r}.", fix="use auto, float32, bfloat16 or float16")


def computes_bfloat16(device: str) -> bool:
    """Whether a CPU has units for bfloat16, which evaluation uses only when asked to; see docs/decisions.md."""
    import torch

    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    units = ("avx512_bf16", "amx_bf16", "bf16")
    return device == "cpu" and any(capabilities.get(unit) for unit in units)


def folder_hash(folder: Path) -> str:
    """SHA-256 over names and contents of a model folder's config, tokenizer, weights and code."""
    kinds = ("*.json", "*.jinja", "*.model", "*.txt", "*.safetensors", "*.py")
    return _hash_files(sorted(path for kind in kinds for path in folder.glob(kind)))


def adapter_hash(folder: Path) -> str:
    """SHA-256 over an adapter's config and weights.

    Raises:
        AdapterError: a file of it is missing.
    """
    _require_adapter(folder)
    return _hash_files([folder / name for name in ADAPTER_FILES])


def _hash_files(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            total.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def _name_and_revision(source: str, revision: str | None) -> tuple[str, str | None]:
    if source.startswith("hf:"):
        name, _, after = source.removeprefix("hf:").partition("@")
        return name, revision or after or None
    return source, revision


def _folder(name: str) -> Path | None:
    """The folder that a name means; None for a name on the hub."""
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if path.exists():
        raise ModelError(
            f"The model {name!r} is a file, not a folder.",
            fix="name the folder with config.json, tokenizer and *.safetensors",
        )
    if not _HUB_NAME.fullmatch(name) or name.startswith("."):
        raise ModelError(f"There is no model folder {name!r}.", fix="look at the path, or name a model OWNER/NAME")
    return None


def _require_files(folder: Path) -> None:
    missing = []
    if not (folder / "config.json").is_file():
        missing.append("config.json")
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        missing.append("tokenizer.json (or another tokenizer file)")
    if not any(folder.glob("*.safetensors")):
        missing.append("model.safetensors")
    if not missing:
        return
    fix = "copy the missing files into the folder"
    if (folder / ADAPTER_FILES[0]).is_file():
        fix = "this folder holds an adapter: name its base model, and this folder as the adapter"
    elif any(folder.glob("*.bin")):
        fix = "weights are read from safetensors only: convert the .bin files (save_pretrained does)"
    raise ModelError("The model folder lacks files.", where=str(folder), evidence=missing, fix=fix)


def _from_pretrained(name: str, options: dict[str, Any], dtype: torch.dtype) -> tuple[Any, Any]:
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    try:
        # The config first: it is small, and a hub out of reach is found out once instead of three times.
        config = AutoConfig.from_pretrained(name, **options)
        tokenizer = AutoTokenizer.from_pretrained(name, config=config, **options)
        model = AutoModelForCausalLM.from_pretrained(name, config=config, dtype=dtype, use_safetensors=True, **options)
    except (OSError, ValueError, ImportError, RuntimeError, SafetensorError) as error:
        local = "revision" not in options
        raise ModelError(
            f"The model {name!r} cannot be loaded.",
            evidence=[line for line in str(error).splitlines() if line.strip()][:4],
            fix="look at the files of the folder, and whether transformers knows the architecture"
            if local
            else "look at the name and revision, and whether the model is open to you; without a network "
            "name a local folder, set HF_HOME to a cache that holds the model, or HF_ENDPOINT to a mirror",
        ) from error
    return model, tokenizer


def _require_adapter(folder: Path) -> None:
    missing = [name for name in ADAPTER_FILES if not (folder / name).is_file()]
    if missing:
        raise AdapterError(
            "The adapter folder lacks files." if folder.is_dir() else "There is no adapter folder.",
            where=str(folder),
            evidence=missing,
            fix="name the folder that tuning wrote; weights are read from safetensors only",
        )


def _merged(model: Any, adapter: Path) -> Any:
    from peft import PeftModel

    _require_adapter(adapter)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            merged = PeftModel.from_pretrained(model, str(adapter), is_trainable=False).merge_and_unload(
                safe_merge=True
            )
        except (ValueError, RuntimeError, KeyError, TypeError) as error:
            raise AdapterError(
                "The adapter does not fit the model.",
                where=str(adapter),
                evidence=[line for line in str(error).splitlines() if line.strip()][:4],
                fix="use the base model that the adapter was tuned on",
            ) from error
    lost = [str(item.message) for item in caught if "missing adapter keys" in str(item.message)]
    if lost:
        raise AdapterError(
            "Weights of the adapter are missing.",
            where=str(adapter),
            evidence=lost,
            fix="tune it again, or use the base model that it was tuned on",
        )
    for item in caught:
        if issubclass(item.category, UserWarning):  # what a library says to its own authors is left out
            warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
    return merged
