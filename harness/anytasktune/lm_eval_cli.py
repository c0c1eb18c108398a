"""lm-eval's own command line, with our engine among its models and our sub-tasks among its tasks.

lm-eval finds models in a table of its own and makes them before it loads a task, so ours must be in the table before
its command line starts. What it parses, it parses itself; only what it read is changed before it goes on: where task
files are, which device and batch size ours has by default, which file keeps answers. Written for lm-eval 0.4.13.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import io
import json
import logging
import os
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anytasktune import exit_status, lm_eval_tasks
from anytasktune.errors import AnyTaskTuneError, RecordError, SourceError, UsageError, did_you_mean
from anytasktune.plugins import Registry
from anytasktune.progress import Bar, Reporter

if TYPE_CHECKING:
    from anytasktune.models.local import Progress
    from anytasktune.models.registered import RegisteredModel

OURS = "anytasktune"
"""``--model anytasktune``."""

_FOLDERS = ("pretrained", "peft", "delta", "adapter", "tokenizer")
_REFUSES = ("lm_eval.config.evaluate_config", "lm_eval.evaluator", "lm_eval.tasks.manager", "lm_eval.api.registry")
"""Modules of lm-eval whose ValueErrors are told to the person who asked: the request is wrong, not the program."""


def register() -> None:
    """Puts our engine into lm-eval's table of models, by name: nothing heavy is imported until it is asked for."""
    import lm_eval.models  # noqa: F401  # fills the table with lm-eval's own
    from lm_eval.api.registry import model_registry

    if OURS not in model_registry:
        model_registry.register(OURS, target="anytasktune.models.registered:RegisteredModel")


def hand_over(arguments: Sequence[str], registry: Registry, reporter: Reporter) -> int:
    """Runs lm-eval's command line.

    Args:
        arguments: lm-eval's, with or without its ``run``, ``ls`` or ``validate``.
        registry: whose sub-tasks become lm-eval tasks.
        reporter: told what goes on.

    Returns:
        The exit status.

    Raises:
        AnyTaskTuneError: the request is wrong, or lm-eval ended without the results that were asked for.
        SystemExit: lm-eval's own, after its help or for an option that it does not know.
    """
    from lm_eval._cli import HarnessCLI
    from lm_eval.utils import setup_logging

    setup_logging()
    register()
    with _command_line(arguments):
        line = HarnessCLI()
        asked = line.parse_args()
    if not hasattr(asked, "include_path"):  # no command: it prints its help
        line.execute(asked)
        return exit_status.OK
    with tempfile.TemporaryDirectory(prefix="anytasktune-") as folder:
        names = write_tasks(registry, Path(folder), reporter.say)
        given = _given(asked)
        asked.include_path = [folder, *_include_paths(given.get("include_path"))]
        if asked.command == "run":
            with _prepared(asked, given, reporter):
                _refusals_told(lambda: line.execute(asked), names)
        else:
            line.execute(asked)
    return exit_status.OK


@contextmanager
def _command_line(arguments: Sequence[str]) -> Iterator[None]:
    """lm-eval reads and changes ``sys.argv``."""
    before = sys.argv
    sys.argv = ["lm-eval", *arguments]
    try:
        yield
    finally:
        sys.argv = before


def write_tasks(registry: Registry, folder: Path, say: Callable[[str], None]) -> list[str]:
    """Every sub-task's lm-eval tasks as files in a folder; what is broken is told and left out.

    Returns:
        The names of the lm-eval tasks.
    """
    names: list[str] = []
    for task in registry.subtasks.values():
        try:
            names += [path.stem for path in lm_eval_tasks.write_stock_yaml(task, folder)]
        except AnyTaskTuneError as error:
            say(f"warning: {task.id} is left out. {error}")
    return names


def _given(asked: Namespace) -> dict[str, Any]:
    """What was asked for, without lm-eval's defaults: its YAML of ``--config``, then the command line."""
    from lm_eval.config.evaluate_config import EvaluatorConfig

    config: dict[str, Any] = {}
    if getattr(asked, "config", None):
        try:
            config = EvaluatorConfig.load_yaml_config(asked.config)
        except (OSError, ValueError, TypeError) as error:
            raise UsageError("The file of --config cannot be read.", where=asked.config, evidence=[error]) from None
    return {**config, **{name: value for name, value in vars(asked).items() if value or value == 0}}


def _include_paths(given: object) -> list[str]:
    """The folders of ``--include_path``; lm-eval's help promises several in one, and takes them as a list only."""
    if not given:
        return []
    listed = [str(path) for path in given] if isinstance(given, list) else [str(given)]
    paths = [part for path in listed for part in ([path] if Path(path).is_dir() else path.split(os.pathsep))]
    missing = [path for path in paths if not Path(path).is_dir()]
    if missing:
        raise UsageError("--include_path names a folder that is not there.", evidence=missing)
    return paths


# -- run -------------------------------------------------------------------------------------------------------------


@contextmanager
def _prepared(asked: Namespace, given: Mapping[str, Any], reporter: Reporter) -> Iterator[None]:
    """All that is done about a run before lm-eval has it, and afterwards."""
    config = _checked(asked, given)
    with ExitStack() as stack:
        model = None
        if config.model == OURS:
            model = stack.enter_context(_opened(config, given, reporter))
            asked.device, asked.batch_size = model.loaded.device, given.get("batch_size", "auto")
        if config.use_cache:
            asked.use_cache = f"{config.use_cache}_{model.answers_key if model else _foreign_key(config)}"
            reporter.say(f"answers are kept in {asked.use_cache}_rank0.db")
        reporter.say("lm-eval reads its task files; that takes a while")
        stack.enter_context(_results(config))
        yield
    if model is not None:
        _tell(model, reporter.say)


def _tell(model: RegisteredModel, say: Callable[[str], None]) -> None:
    """What a person should know before trusting the scores."""
    if model.usage.truncated:
        say(f"warning: {model.usage.truncated} prompts lost their beginning: the model's context is {model.max_length}")
    if model.opened_with_stop:
        say(
            f"warning: {model.opened_with_stop} answers begin with white space that is a stop string; it did not end "
            "them (lm-eval's own loader would have left them empty)"
        )


def _checked(asked: Namespace, given: Mapping[str, Any]) -> Any:
    """lm-eval's reading of the whole request (``EvaluatorConfig``), made a first time to see whether it accepts it."""
    from lm_eval.api.registry import model_registry
    from lm_eval.config.evaluate_config import EvaluatorConfig

    with lm_eval_tasks.quiet(), contextlib.redirect_stdout(io.StringIO()):
        try:
            config = EvaluatorConfig.from_cli(asked)
        except (ValueError, TypeError, OSError) as error:
            raise UsageError("lm-eval refuses the request.", evidence=[error]) from None
    if not given.get("model"):
        raise UsageError("No model is named.", fix=f"--model {OURS} --model_args pretrained=smollm2-135m")
    if config.model not in model_registry:
        raise UsageError(f"lm-eval has no model {config.model!r}.", fix=did_you_mean(config.model, model_registry))
    if not given.get("tasks"):
        raise UsageError("No task is named.", fix="--tasks NAME; `anytasktune lm-eval ls tasks` lists them")
    if config.output_path:
        _require_writable(Path(config.output_path))
    return config


def _require_writable(output: Path) -> None:
    """lm-eval would find out when all is computed, and lose it."""
    folder = (output.parent if output.suffix == ".json" else output).absolute()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        why = "cannot be written" if there.is_dir() else "is a file"
        raise UsageError(
            "--output_path is no place for results.",
            where=str(output),
            evidence=[f"{there} {why}"],
            fix="name a folder: --output_path out",
        )


@contextmanager
def _opened(config: Any, given: Mapping[str, Any], reporter: Reporter) -> Iterator[RegisteredModel]:
    """Our model, opened before lm-eval reads its tasks, so that what is wrong with it is known at once."""
    from anytasktune.models import registered

    if int(os.environ.get("WORLD_SIZE") or 1) > 1:
        raise UsageError(
            f"--model {OURS} runs in one process.",
            evidence=[f"WORLD_SIZE is {os.environ['WORLD_SIZE']}"],
            fix="start it without accelerate or torchrun; one process a device, each with tasks of its own",
        )
    flags = {name: given[name] for name in ("device", "batch_size", "max_batch_size") if name in given}
    if twice := sorted(flags.keys() & config.model_args.keys()):
        raise UsageError(f"{', '.join(twice)} is given as a flag and in --model_args.", fix="give it once")
    arguments = registered.read_arguments({**flags, **config.model_args})
    with _bars(reporter) as told:
        model = registered.open_model(arguments, seed=config.seed[2] or 0, progress=told, say=reporter.say)
        adapted = f" with adapter {model.loaded.adapter_hash[:8]}" if model.loaded.adapter_hash else ""
        reporter.say(f"{OURS}: {model.loaded.label}{adapted}, {model.loaded.dtype} on {model.loaded.device}")
        token = registered.PREPARED.set(model)
        try:
            yield model
        finally:
            registered.PREPARED.reset(token)


@contextmanager
def _bars(reporter: Reporter) -> Iterator[Callable[[Progress], None]]:
    """A bar for each type of request, as the requests come."""
    with ExitStack() as stack:
        shown: dict[str, Bar] = {}

        def told(now: Progress) -> None:
            if now.kind not in shown:
                shown[now.kind] = stack.enter_context(reporter.bar(now.kind))
            shown[now.kind](now.done, now.total, now.tokens_per_second)
            if now.done == now.total:  # the next type, or the next call, gets a bar of its own
                shown.clear()
                stack.close()

        yield told


def _foreign_key(config: Any) -> str:
    """16 hex digits for a model of lm-eval's: its name, its arguments, the content of the folders among them."""
    from anytasktune.models.loading import folder_hash

    named = {name: Path(str(config.model_args[name])) for name in _FOLDERS if name in config.model_args}
    contents = {name: folder_hash(path) for name, path in named.items() if path.is_dir()}
    parts = [config.model, config.model_args, contents]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _refusals_told(execute: Callable[[], None], names: Sequence[str]) -> None:
    """What lm-eval raises on purpose becomes a sentence; a bug keeps its traceback."""
    try:
        execute()
    except BrokenPipeError:
        raise
    except OSError as error:  # the hub's and datasets' errors are among them
        raise SourceError(
            f"lm-eval could not get what it needs: {type(error).__name__}.",
            evidence=[line for line in str(error).splitlines() if line.strip()][:4],
            fix="without a network, tasks must read local files or a filled HF_HOME",
        ) from error
    except ValueError as error:
        if _raised_in(error) not in _REFUSES:
            raise
        raise UsageError("lm-eval refuses the request.", evidence=[error], fix=_hint(str(error), names)) from None


def _hint(refusal: str, names: Sequence[str]) -> str:
    _, not_found, missing = refusal.partition("Tasks not found: ")
    if not not_found:
        return ""
    near = did_you_mean(missing.split(", ")[0], names)
    return near if near.startswith("did you mean") else "`anytasktune lm-eval ls tasks` lists what there is"


def _raised_in(error: BaseException) -> str:
    """The module that raised it."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return str(step.tb_frame.f_globals.get("__name__", "")) if step is not None else ""


# -- results ---------------------------------------------------------------------------------------------------------


class _Messages(logging.Handler):
    """What lm-eval's tracker logs: where it cannot write, it says so in the log and goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the line."""
        self.lines.append(record.getMessage())


@contextmanager
def _results(config: Any) -> Iterator[None]:
    """Sees to it that the files that were asked for are there in the end.

    Raises:
        RecordError: on leaving, when one is missing or empty.
    """
    if not config.output_path:
        yield
        return
    messages, log = _Messages(), logging.getLogger("lm_eval.loggers.evaluation_tracker")
    before = _result_files(config.output_path)
    log.addHandler(messages)
    try:
        yield
    finally:
        log.removeHandler(messages)
    lost = [line for line in messages.lines if line.startswith("Could not")]
    new = sorted(_result_files(config.output_path) - before)
    if not new:
        lost.append("no results file was written")
    for path in new:
        lost += _lacking(path, config)
    if lost:
        raise RecordError(
            "lm-eval ended without all of its results.",
            where=str(config.output_path),
            evidence=[*lost, *(line for line in messages.lines if line not in lost)],
            fix="see whether the folder can be written and has room",
        )


def _result_files(output: str) -> set[Path]:
    path = Path(output)
    if path.suffix == ".json":
        return set(path.parent.glob(f"{glob.escape(path.stem)}_*.json"))
    return set(path.glob("*/results_*.json"))


def _lacking(path: Path, config: Any) -> list[str]:
    """What a results file, and the samples beside it, lack."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if not found.get("results"):
        return [f"{path.name} holds no result"]
    if not config.log_samples:
        return []
    stem = Path(config.output_path).stem if Path(config.output_path).suffix == ".json" else "results"
    date = path.stem.removeprefix(f"{stem}_")
    files = {name: path.with_name(f"samples_{name}_{date}.jsonl") for name in found.get("configs", {})}
    return [f"no samples of {name}" for name, file in files.items() if not file.is_file() or not file.stat().st_size]
