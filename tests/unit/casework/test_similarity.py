"""Which texts are nearly the same."""

from __future__ import annotations

import random
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from processes.casework.similarity import bands, normalised, overlap, shingles

PROBLEM = (
    "我公司位于工业园区，主要从事童装生产，去年申报的技术改造补助至今没有兑现，多次到窗口询问都说还在审核，"
    "现在企业资金周转困难，恳请有关部门协调解决，尽快拨付补助资金，帮助企业渡过难关。"
)


def meet(a: str, b: str) -> bool:
    return any(one == other for one, other in zip(bands(shingles(a)), bands(shingles(b)), strict=True))


def test_width_case_spaces_and_punctuation_do_not_matter() -> None:
    assert normalised("ＡＢＣ公司，  申请 补贴！") == normalised("abc公司申请补贴")
    assert bands(shingles("ＡＢＣ公司，申请补贴！")) == bands(shingles("abc 公司申请补贴。"))


def test_an_edited_copy_meets_its_original() -> None:
    edited = PROBLEM.replace("童装", "服装").replace("恳请", "请求") + "谢谢！"
    assert overlap(shingles(PROBLEM), shingles(edited)) > 0.7
    assert meet(PROBLEM, edited)


def test_another_problem_does_not_meet_it() -> None:
    other = "小区门口的餐饮店油烟扰民，晚上营业到凌晨两点，居民多次投诉没有结果，希望城管部门尽快处理。"
    assert overlap(shingles(PROBLEM), shingles(other)) < 0.05
    assert not meet(PROBLEM, other)


def test_texts_that_share_six_tenths_nearly_always_meet() -> None:
    chooser = random.Random(7)

    def text(parts: Iterable[str]) -> str:
        return "".join(parts)

    met = 0
    for _ in range(200):
        signs = [chr(chooser.randrange(0x4E00, 0x9000)) for _ in range(200)]
        cut = 150
        a, b = signs, signs[:cut] + [chr(chooser.randrange(0x4E00, 0x9000)) for _ in range(200 - cut)]
        assert 0.55 < overlap(shingles(text(a)), shingles(text(b))) < 0.65
        met += meet(text(a), text(b))
    assert met >= 190


@given(st.text(max_size=60))
def test_any_text_has_all_its_bands_or_none(text: str) -> None:
    parts = shingles(text)
    found = bands(parts)
    assert len(found) == (16 if parts else 0)
    assert found == bands(shingles(text))


@given(st.text(min_size=1, max_size=60))
def test_overlap_is_one_with_itself_and_nothing_with_nothing(text: str) -> None:
    parts = shingles(text)
    assert overlap(parts, parts) == (1.0 if parts else 0.0)
    assert overlap(parts, frozenset()) == 0.0
