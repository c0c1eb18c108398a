from __future__ import annotations

import re

import pytest
import typer
from commands import Att

from anytasktune.cli.main import app

GROUP = typer.main.get_command(app)
COMMANDS = sorted(GROUP.commands)  # type: ignore[attr-defined]  # a group has them


def test_every_command_that_was_promised_is_there(att: Att) -> None:
    promised = (
        "quickstart tasks show plugins models new check build tune evaluate record score judge predict run board verify"
        " lm-eval"
    )
    assert sorted(promised.split()) == COMMANDS
    text = att("--help")
    assert text.status == 0
    assert all(name in text.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_names_each_option_and_argument_with_a_sentence(att: Att, name: str) -> None:
    text = att(name, "--help")
    assert text.status == 0
    for parameter in GROUP.commands[name].params:  # type: ignore[attr-defined]  # a group has them
        if parameter.name == "help":
            continue
        spellings = (
            [*parameter.opts, *parameter.secondary_opts]
            if parameter.param_type_name == "option"
            else [parameter.metavar]
        )
        assert all(spelling.strip("[]") in text.out for spelling in spellings), (spellings, text.out)
        assert len(parameter.help or "") > 5, parameter.name


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("evaluate", ["--limit", "--num_fewshot", "--batch_size", "--output_path", "--seed", "--adapter", "--shots"]),
        ("tune", ["--model", "--seed", "--output_path", "--plugin"]),
        ("record", ["--model", "--out", "--limit"]),
        ("score", ["--answers", "--split", "--json", "--plugin"]),
        ("predict", ["--adapter", "--input", "--plugin"]),
        ("run", ["--dry-run", "--plugin", "--output_path"]),
        ("board", ["--format", "--out"]),
        ("build", ["--json", "--plugin"]),
    ],
)
def test_familiar_spellings_are_options(att: Att, name: str, options: list[str]) -> None:
    words = set(re.findall(r"--[a-zA-Z_-]+", att(name, "--help").out))
    assert set(options) <= words


def test_without_a_word_the_help_is_shown(att: Att) -> None:
    done = att()
    assert done.status in (0, 2)
    assert "Usage" in done.out + done.err


def test_the_version_is_that_of_the_distribution(att: Att) -> None:
    from importlib.metadata import version

    assert att("--version").out.strip() == version("anytasktune")
