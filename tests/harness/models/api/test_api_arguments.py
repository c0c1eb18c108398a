"""What a spec may say, and what of it is shown."""

from __future__ import annotations

import pytest

from anytasktune.errors import UsageError
from anytasktune.models.api.arguments import Arguments, is_private_host, parse

LOCAL = "base_url=http://localhost:8000/v1"


def test_a_bare_name_means_the_vendors_public_address_and_its_usual_key() -> None:
    found = parse("openai-chat:gpt-9", {})
    assert (found.model, found.url, found.key_env) == (
        "gpt-9",
        "https://api.openai.com/v1/chat/completions",
        "OPENAI_API_KEY",
    )
    assert (found.concurrency, found.timeout, found.attempts, found.temperature, found.seed) == (8, 120, 6, 0.0, None)
    assert found.max_missing == 0.05
    assert parse("openai-completions:b", {}).url == "https://api.openai.com/v1/completions"
    claude = parse("anthropic:c-1", {})
    assert (claude.url, claude.key_env) == ("https://api.anthropic.com/v1/messages", "ANTHROPIC_API_KEY")


def test_arguments_are_read_as_what_they_are() -> None:
    found = parse(
        f"openai-chat:owner/m:free, {LOCAL} ,concurrency=3,timeout=7.5,attempts=2,price_in=0.15,price_out=0.6,"
        "max_missing=0.2,temperature=0.7,seed=4,thinking_tokens=2000,revision=2026-01,"
        "body.reasoning_effort=low,body.chat_template_kwargs.enable_thinking=false",
        {"OPENAI_API_KEY": "x"},
    )
    assert found == Arguments(
        kind="openai-chat",
        model="owner/m:free",
        base_url="http://localhost:8000/v1",
        key_env="",
        concurrency=3,
        timeout=7.5,
        attempts=2,
        price_in=0.15,
        price_out=0.6,
        max_missing=0.2,
        temperature=0.7,
        seed=4,
        thinking_tokens=2000,
        revision="2026-01",
        body={"reasoning_effort": "low", "chat_template_kwargs": {"enable_thinking": False}},
    )
    assert parse("openai-chat:m,temperature=default", {}).temperature is None


@pytest.mark.parametrize(
    ("spec", "url"),
    [
        ("openai-chat:m,base_url=https://h.example/v1/", "https://h.example/v1/chat/completions"),
        ("openai-chat:m,base_url=https://h.example/v1/chat/completions", "https://h.example/v1/chat/completions"),
        ("openai-completions:m,base_url=https://h.example/v1", "https://h.example/v1/completions"),
        ("anthropic:m,base_url=https://h.example", "https://h.example/v1/messages"),
        ("anthropic:m,base_url=https://h.example/v1", "https://h.example/v1/messages"),
        ("anthropic:m,base_url=https://h.example/v1/messages/", "https://h.example/v1/messages"),
    ],
)
def test_an_address_is_taken_as_people_write_it(spec: str, url: str) -> None:
    assert parse(spec, {}).url == url


def test_an_address_comes_from_the_environment_too_and_the_specs_own_wins() -> None:
    environment = {"OPENAI_BASE_URL": "http://localhost:9/v1", "ANTHROPIC_BASE_URL": "https://proxy.example"}
    assert parse("openai-chat:m", environment).url == "http://localhost:9/v1/chat/completions"
    assert parse("openai-chat:m", environment).key_env == ""
    assert parse("anthropic:m", environment).url == "https://proxy.example/v1/messages"
    assert parse("openai-chat:m,base_url=https://o.example/v1", environment).base_url == "https://o.example/v1"


SECRET = "sk-4711abc"


@pytest.mark.parametrize(
    "argument",
    [
        f"api_key={SECRET}",
        f"key={SECRET}",
        f"openai_api_key={SECRET}",
        f"token={SECRET}",
        f"body.api_key={SECRET}",
        f"body.headers.authorization={SECRET}",
        f"key_env={SECRET}",
        f"base_url=https://me:{SECRET}@h.example/v1",
        f"base_url=https://h.example/v1?k={SECRET}",
        f"base_url=https://h.example/v1#{SECRET}",
    ],
)
def test_a_key_in_the_spec_is_refused_and_not_repeated(argument: str) -> None:
    with pytest.raises(UsageError, match="key_env|NAME of an environment variable") as refused:
        parse(f"openai-chat:m,{argument}", {})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("openai-chat:,a=1", "names no model"),
        ("openai-chat:base_url=http://localhost/v1", "names no model"),
        ("openai-chat:m,concurency=4", "did you mean concurrency?"),
        ("openai-chat:m,concurrency", "is not key=value"),
        ("openai-chat:m,concurrency=0", "a whole number from 1 to 512, not '0'"),
        ("openai-chat:m,concurrency=2.5", "a whole number"),
        ("openai-chat:m,timeout=nan", "a number of 0.1 or more"),
        ("openai-chat:m,timeout=0", "a number of 0.1 or more"),
        ("openai-chat:m,attempts=0", "attempts is a whole number"),
        ("openai-chat:m,max_missing=5", "a number from 0 to 1"),
        ("openai-chat:m,temperature=warm", "or default"),
        ("openai-chat:m,temperature=-1", "or default"),
        ("openai-chat:m,seed=-1", "seed is"),
        ("openai-chat:m,price_in=1", "both price_in and price_out"),
        ("openai-chat:m,seed=1,seed=2", "seed is given twice"),
        ("openai-chat:m,tokenizer=x", "takes no 'tokenizer'"),
        ("anthropic:m,seed=1", "takes no 'seed'"),
        ("openai-chat:m,base_url=localhost:8000", "base_url is no address"),
        ("openai-chat:m,base_url=ftp://h/v1", "base_url is no address"),
        ("openai-chat:m,base_url=http://h:port/v1", "base_url is no address"),
        ("openai-chat:m,base_url=http://api.example.com/v1", "unencrypted"),
        ("openai-chat:m,body.stream=true", "is not to be set"),
        ("openai-chat:m,body.max_tokens=9", "is not to be set"),
        ("openai-chat:m,body.=9", "is not to be set"),
        ("openai-chat:m,body.a=1,body.a.b=2", "is given twice"),
    ],
)
def test_what_is_wrong_with_a_spec_is_said(spec: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(spec, {})
    assert said in str(refused.value)


def test_a_key_goes_to_servers_of_ones_own_only_where_it_is_named() -> None:
    assert parse(f"openai-chat:m,{LOCAL}", {"OPENAI_API_KEY": "x"}).key_env == ""
    assert parse(f"openai-chat:m,{LOCAL},key_env=MINE", {}).key_env == "MINE"
    assert parse("openai-chat:m,base_url=http://h.example.com/v1,key_env=none", {}).key_env == ""


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("192.168.0.9", True),
        ("gpu-box", True),
        ("vllm.team.svc.cluster.local", True),
        ("8.8.8.8", False),
        ("api.openai.com", False),
        ("local.example.com", False),
    ],
)
def test_hosts_of_a_private_network_are_known(host: str, private: bool) -> None:
    assert is_private_host(host) is private


def test_a_record_shows_neither_private_hosts_nor_folders() -> None:
    found = parse("openai-chat:/home/ann/models/mine,base_url=http://gpu-box:8000/v1", {})
    assert (found.label, found.shown) == ("mine", "openai-chat:mine,base_url=local server")
    found = parse("openai-completions:m,base_url=http://10.1.2.3:8000/v1,tokenizer=/home/ann/tok", {})
    assert found.shown == "openai-completions:m,base_url=local server,tokenizer=tok"
    found = parse("openai-chat:m,base_url=https://other.example/v1,temperature=default,seed=1,body.top_p=0.5", {})
    assert found.shown == "openai-chat:m,base_url=https://other.example/v1,temperature=default,seed=1,body.top_p=0.5"


BASE = f"openai-chat:m,{LOCAL}"


@pytest.mark.parametrize(
    "other",
    [
        f"openai-completions:m,{LOCAL}",
        f"openai-chat:m2,{LOCAL}",
        "openai-chat:m,base_url=http://localhost:8001/v1",
        "openai-chat:m,base_url=http://gpu-box:8000/v1",
        f"{BASE},temperature=0.5",
        f"{BASE},temperature=default",
        f"{BASE},seed=0",
        f"{BASE},thinking_tokens=1",
        f"{BASE},revision=b",
        f"{BASE},body.reasoning_effort=low",
    ],
)
def test_whatever_changes_answers_changes_the_revision(other: str) -> None:
    assert parse(other, {}).answers_hash() != parse(BASE, {}).answers_hash()


def test_how_it_is_asked_and_what_it_costs_does_not() -> None:
    same = parse(f"{BASE},concurrency=1,timeout=9,attempts=1,price_in=1,price_out=2,max_missing=0.5,key_env=OTHER", {})
    assert same.answers_hash() == parse(BASE, {}).answers_hash()
    assert same.shown == parse(BASE, {}).shown
