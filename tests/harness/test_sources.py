"""Where files come from: pins, mirrors, cache, hub data sets."""

from __future__ import annotations

import hashlib
import http.server
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from anytasktune import sources
from anytasktune.errors import SourceError
from anytasktune.sources import HubDataset, PinnedFile
from anytasktune.tables import column, read_rows

CONTENT = b'{"text": "one"}\n'
COMMIT = "a" * 40


def pin(path: str = "data/my rows.jsonl", content: bytes = CONTENT, **changed: str) -> PinnedFile:
    fields = {"owner": "owner", "repo": "repo", "commit": COMMIT, "path": path}
    return PinnedFile(**(fields | {"sha256": hashlib.sha256(content).hexdigest()} | changed))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no mirror, and a public address that nobody answers."""
    monkeypatch.setenv("ANYTASKTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ANYTASKTUNE_MIRROR", raising=False)
    monkeypatch.setattr(sources, "PUBLIC_ADDRESS", "http://127.0.0.1:9")
    return tmp_path / "cache"


@pytest.fixture
def public_address(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder served over HTTP in place of the public address."""
    folder = tmp_path / "public"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    monkeypatch.setattr(sources, "PUBLIC_ADDRESS", f"http://127.0.0.1:{server.server_port}")
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def put(root: Path, wanted: PinnedFile, content: bytes) -> Path:
    path = root / wanted.mirror_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zipped(path: Path, wanted: PinnedFile, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(wanted.mirror_path, content)
    return path


# --- pins -----


@pytest.mark.parametrize(
    "changed",
    [
        {"commit": "main"},
        {"commit": "A" * 40},
        {"sha256": "0" * 63},
        {"path": "../x"},
        {"path": "/etc/passwd"},
        {"path": "a//b"},
        {"path": "a\\b"},
        {"owner": "a/b"},
        {"repo": ".."},
    ],
)
def test_a_malformed_pin_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(SourceError):
        pin(**changed)


def test_the_public_address_is_percent_encoded() -> None:
    wanted = pin(path="tasks/No-Solicit Of#1/测试.tsv")
    assert wanted.url == (
        f"https://raw.githubusercontent.com/owner/repo/{COMMIT}/tasks/No-Solicit%20Of%231/%E6%B5%8B%E8%AF%95.tsv"
    )


def test_the_cache_has_a_default_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANYTASKTUNE_CACHE", raising=False)
    assert sources.cache_folder().name == "anytasktune"


def test_folder_and_zip_mirror_give_the_same_bytes(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = pin()
    in_folder = put(tmp_path / "mirror", wanted, CONTENT)
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(tmp_path / "mirror"))
    assert wanted.fetch() == in_folder
    assert not cache.exists()
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(zipped(tmp_path / "mirror.zip", wanted, CONTENT)))
    out_of_zip = wanted.fetch()
    assert out_of_zip == wanted.cache_path
    assert out_of_zip.read_bytes() == in_folder.read_bytes()
    assert [path.name for path in out_of_zip.parent.iterdir()] == [out_of_zip.name]


def test_a_zip_mirror_heals_a_wrong_cache(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = pin()
    wanted.cache_path.parent.mkdir(parents=True)
    wanted.cache_path.write_bytes(b"wrong")
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(zipped(tmp_path / "mirror.zip", wanted, CONTENT)))
    assert wanted.fetch().read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_wrong_file_in_the_mirror_is_named_and_never_cached(
    kind: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = pin()
    mirror = tmp_path / f"mirror.{kind}"
    if kind == "folder":
        put(mirror, wanted, b"changed")
    else:
        zipped(mirror, wanted, b"changed")
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(mirror))
    with pytest.raises(SourceError) as caught:
        wanted.fetch()
    message = str(caught.value)
    assert wanted.mirror_path in message
    assert wanted.sha256 in message
    assert hashlib.sha256(b"changed").hexdigest() in message
    assert str(mirror) in message
    assert not wanted.cache_path.exists()


def test_a_wrong_file_in_the_cache_is_named_and_moved_aside(cache: Path, public_address: Path) -> None:
    wanted = pin()
    put(public_address, wanted, CONTENT)
    wanted.cache_path.parent.mkdir(parents=True)
    wanted.cache_path.write_bytes(b"wrong")
    with pytest.raises(SourceError, match="sha256 differs") as caught:
        wanted.fetch()
    assert hashlib.sha256(b"wrong").hexdigest() in str(caught.value)
    assert not wanted.cache_path.exists()
    assert wanted.fetch().read_bytes() == CONTENT


def test_a_file_comes_from_the_public_address_once(public_address: Path) -> None:
    wanted = pin()
    served = put(public_address, wanted, CONTENT)
    assert wanted.fetch().read_bytes() == CONTENT
    served.unlink()
    assert wanted.fetch().read_bytes() == CONTENT
    assert [path.name for path in wanted.cache_path.parent.iterdir()] == [wanted.cache_path.name]


def test_a_changed_pin_never_gets_the_old_file(public_address: Path) -> None:
    put(public_address, pin(), CONTENT)
    pin().fetch()
    put(public_address, pin(), b"new")
    assert pin(content=b"new").fetch().read_bytes() == b"new"


def test_a_wrong_public_file_is_refused_and_leaves_nothing(public_address: Path) -> None:
    wanted = pin()
    put(public_address, wanted, b"moved on")
    with pytest.raises(SourceError, match="sha256 differs") as caught:
        wanted.fetch()
    assert wanted.url in str(caught.value)
    assert list(wanted.cache_path.parent.iterdir()) == []


def test_a_file_that_cannot_be_had_says_what_to_fetch_and_where_to_put_it(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = pin()
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(SourceError) as caught:
        wanted.fetch()
    assert wanted.url in caught.value.fix
    assert str(wanted.cache_path) in caught.value.fix
    assert wanted.mirror_path in caught.value.fix
    wanted.cache_path.write_bytes(CONTENT)  # doing what it says helps
    assert wanted.fetch().read_bytes() == CONTENT


def test_a_missing_public_file_is_a_source_error(public_address: Path) -> None:
    with pytest.raises(SourceError, match="404"):
        pin().fetch()


def test_a_mirror_that_does_not_exist_or_is_no_zip_is_an_error(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(tmp_path / "none"))
    with pytest.raises(SourceError, match="does not exist"):
        pin().fetch()
    (tmp_path / "none").write_bytes(b"no zip")
    with pytest.raises(SourceError, match="zip"):
        pin().fetch()


def test_a_cache_that_cannot_be_written_is_a_source_error(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("ANYTASKTUNE_CACHE", str(tmp_path / "file"))
    with pytest.raises(SourceError, match="ANYTASKTUNE_CACHE"):
        pin().fetch()


# --- the real mirror -----

LAWBENCH = {"owner": "open-compass", "repo": "LawBench", "commit": "e30981bb3ff54c41571f222e0b23e92d27375388"}
FOMC = {
    "owner": "gtfintechlab",
    "repo": "fomc-hawkish-dovish",
    "commit": "98646987452b326507479cf641571b33814bb73f",
}
MEQSUM = {"owner": "abachaa", "repo": "MeQSum", "commit": "51e36cf65c12602333b6fdc3ae8ecf10430529f7"}
_SPLITS = "training_data/test-and-training"
PUBLISHED: dict[str, tuple[dict[str, str], str, str, int]] = {
    "lawbench 3-3": (
        LAWBENCH,
        "data/zero_shot/3-3.json",
        "64378a7d7c3548cbe336d989f50a1301ba531ef53fc97b4dd879fda7e6fec755",
        500,
    ),
    "lawbench 3-3 gpt-4": (
        LAWBENCH,
        "predictions/zero_shot/GPT4/3-3.json",
        "2570ca7a2dbd897662a8f6d696547d32a029a7b17613e62ac2876b38e6dbd1d3",
        500,
    ),
    "fomc train 5768": (
        FOMC,
        f"{_SPLITS}/training_data/lab-manual-split-combine-train-5768.xlsx",
        "a4157414bf60cdcedec07d2ab9a7d253214b991ab9f9e03300c00056f5a2032c",
        1984,
    ),
    "fomc test 5768": (
        FOMC,
        f"{_SPLITS}/test_data/lab-manual-split-combine-test-5768.xlsx",
        "d8a54d486bec780f0409b8d7f19c566a3b85ceb6560a15e5016feb3c565f615b",
        496,
    ),
    "fomc chatgpt 5768": (
        FOMC,
        "llm_prompt_test_labels/chatgpt_lab-manual-split-combine_5768.csv",
        "af18836a0aa6d55496d9e7bb7a4867c4562180bd6c28d2c8bb44f56edf3e6e5d",
        496,
    ),
    "fomc train 78516": (
        FOMC,
        f"{_SPLITS}/training_data/lab-manual-split-combine-train-78516.xlsx",
        "77a6f9d745cf1bafe37d5c1d8c86744ebaf185abe428e71e88ba718fc4b35f0f",
        1984,
    ),
    "fomc test 78516": (
        FOMC,
        f"{_SPLITS}/test_data/lab-manual-split-combine-test-78516.xlsx",
        "09ded8a25b1d841177f96049ef8e5fb3567e048d135418b282a6e3c5a621a7f8",
        496,
    ),
    "fomc chatgpt 78516": (
        FOMC,
        "llm_prompt_test_labels/chatgpt_lab-manual-split-combine_78516.csv",
        "85ef13aa2d93e4769f7b5b610561374a1583046a1735b2edede6726c1ad1c883",
        496,
    ),
    "fomc train 944601": (
        FOMC,
        f"{_SPLITS}/training_data/lab-manual-split-combine-train-944601.xlsx",
        "51c269c2eaef7fb4aff0cd3c4a262530f47633d77c169079767d6d873d173f55",
        1984,
    ),
    "fomc test 944601": (
        FOMC,
        f"{_SPLITS}/test_data/lab-manual-split-combine-test-944601.xlsx",
        "a2a0f65df2542660b30cb3a3a5b2e3fec88201465bcca3de2f16593c12eea76f",
        496,
    ),
    "fomc chatgpt 944601": (
        FOMC,
        "llm_prompt_test_labels/chatgpt_lab-manual-split-combine_944601.csv",
        "55a29e96a287112ff87b4115ad55474d6a99b7b000d1dbcc9c9129f99fd13f08",
        496,
    ),
    "meqsum": (
        MEQSUM,
        "MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx",
        "abedd939d5014306ca576522416bf69103e85dc8fcf1668a4099e8b84a39eeea",
        1000,
    ),
}


@pytest.mark.usefixtures("mirror")
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_files_have_their_row_counts_from_folder_and_zip(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, path, sha256, count = PUBLISHED[name]
    wanted = PinnedFile(**repository, path=path, sha256=sha256)
    monkeypatch.setenv("ANYTASKTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "PUBLIC_ADDRESS", "http://127.0.0.1:9")
    first = wanted.fetch()
    content = first.read_bytes()
    # The mirror at hand is a folder or a zip; build the other kind of it.
    if Path(os.environ["ANYTASKTUNE_MIRROR"]).is_dir():
        other = zipped(tmp_path / "other.zip", wanted, content)
    else:
        other = tmp_path / "other"
        put(other, wanted, content)
    monkeypatch.setenv("ANYTASKTUNE_MIRROR", str(other))
    second = wanted.fetch()
    assert second != first
    assert second.read_bytes() == content
    table = read_rows(second)
    assert len(table.rows) == count
    assert [row.number for row in table.rows] == list(range(count))
    assert table.skipped == ()


@pytest.mark.usefixtures("mirror")
def test_recorded_answers_are_keyed_by_their_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYTASKTUNE_CACHE", str(tmp_path / "cache"))
    answers_repo, answers_path, answers_sha256, _ = PUBLISHED["lawbench 3-3 gpt-4"]
    table = read_rows(PinnedFile(**answers_repo, path=answers_path, sha256=answers_sha256).fetch())
    assert [row.key for row in table.rows] == [str(number) for number in range(500)]
    assert {"prediction", "refr"} <= set(table.columns)


@pytest.mark.usefixtures("mirror")
def test_fomc_labels_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYTASKTUNE_CACHE", str(tmp_path / "cache"))
    repository, path, sha256, _ = PUBLISHED["fomc test 5768"]
    table = read_rows(PinnedFile(**repository, path=path, sha256=sha256).fetch())
    assert table.columns == ("index", "sentence", "year", "label", "orig_index")
    assert set(column(table, "label")) == {"0", "1", "2"}


# --- hub data sets and start-up -----


@pytest.mark.parametrize("changed", [{"revision": "main"}, {"revision": "a" * 39}, {"name": "owner"}, {"name": "../x"}])
def test_a_hub_data_set_without_a_pinned_revision_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(SourceError):
        HubDataset(**({"name": "owner/name", "revision": COMMIT, "split": "train"} | changed))


def test_a_hub_data_set_is_asked_for_at_its_revision_and_shows_class_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    stored = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, 0, -1]}, features=features)
    asked: list[Any] = []

    def load_dataset(*args: Any, **named: Any) -> Any:
        asked.append((args, named))
        return stored

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.chdir(tmp_path)
    table = HubDataset(name="owner/name", revision=COMMIT, config="zh", split="test").read()
    assert asked == [(("owner/name", "zh"), {"split": "test", "revision": COMMIT})]
    assert column(table, "label") == ["yes", "no", None]
    assert [row.number for row in table.rows] == [0, 1, 2]
    (tmp_path / "owner" / "name").mkdir(parents=True)
    with pytest.raises(SourceError, match="hides"):
        HubDataset(name="owner/name", revision=COMMIT, split="test").read()


def run_python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_a_hub_data_set_without_a_network_is_a_clear_error(tmp_path: Path) -> None:
    code = f"""
from anytasktune.errors import SourceError
from anytasktune.sources import HubDataset
try:
    HubDataset(name="owner/none-such", revision="{COMMIT}", split="train").read()
except SourceError as error:
    print(error)
"""
    said = run_python(code, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert "owner/none-such" in said
    assert f"https://huggingface.co/datasets/owner/none-such/tree/{COMMIT}" in said
    assert "HF_HOME" in said


def test_importing_sources_tables_and_readers_loads_no_heavy_library() -> None:
    heavy = "pooch openpyxl pyarrow datasets charset_normalizer requests pandas numpy torch"
    imports = "import sys, anytasktune.sources, anytasktune.tables, anytasktune.metrics.reading"
    code = f"{imports}; print([m for m in '{heavy}'.split() if m in sys.modules])"
    assert run_python(code).strip() == "[]"
