"""Chinese numerals become digits; every expectation is what cn2an 0.5.22 gives."""

from __future__ import annotations

import time

import pytest

from anytasktune_law.chinese_numerals import with_digits


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("刑法第二百六十四条", "刑法第264条"),
        ("有期徒刑一年六个月", "有期徒刑1年6个月"),
        ("十个月", "10个月"),
        ("二零一六年十二月三十日", "2016年12月30日"),
        ("一千零十", "1010"),
        ("一万零百一十一", "10111"),
        ("三百零五", "305"),
        ("三百二", "320"),
        ("一百二十五万三", "1253000"),
        ("一万亿", "1000000000000"),
        ("负三点五", "-3.5"),
        ("三点零", "3.0"),
        ("零三", "3"),
        ("三分之二", "2/3"),
        ("百分之五十", "50%"),
        ("三十摄氏度", "30℃"),
        ("廿一日", "21日"),
        ("两年三个月", "2年3个月"),
        ("两万三", "2万三"),
        ("一半", "10.5"),
        ("10.1万年", "101000年"),
        ("3百5十年", "350年"),
        ("二二百三", "430"),
        ("一点二点三", "1.2点3"),
        ("点五", "点5"),
        ("12个月", "12个月"),
    ],
)
def test_numerals_are_read_as_cn2an_reads_them(text: str, digits: str) -> None:
    assert with_digits(text) == digits


@pytest.mark.parametrize("text", ["三百五零", "百三", "三点五十", "十亿三", "百分之百", "万", ""])
def test_what_cannot_be_read_stays_as_it_is(text: str) -> None:
    assert with_digits(text) == text


@pytest.mark.parametrize(
    "text", ["一" * 50_000, "9" * 50_000, "一点" * 20_000, "9" * 400 + "万年", "万亿" * 20_000, "3万" * 20_000]
)
def test_endless_numerals_take_no_time_and_raise_nothing(text: str) -> None:
    started = time.process_time()
    with_digits(text)
    assert time.process_time() - started < 2
