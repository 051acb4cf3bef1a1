"""Discovery: what becomes of what comes in."""

from __future__ import annotations

from tests.integration.models.desk import COUNTY, Desk


def test_what_is_no_enterprise_problem_goes_back_to_its_channel_with_the_reason(desk: Desk) -> None:
    problem = desk.report("不属于：买到假货")
    assert problem.outcome == "refused"
    assert desk.jobs("channel.refuse")[0]["reason"] == "消费者对商家的投诉，不属于涉企问题"
    case = desk.case(problem.number)
    assert (case.pooled, case.status) == (False, "已退回来件渠道")
    assert case.closed_at is not None
    assert desk.jobs("channel.answer") == []


def test_a_clerk_takes_an_uncertain_one_into_the_pool(desk: Desk) -> None:
    problem = desk.report("拿不准的一件")
    assert problem.outcome == "person"
    desk.do("triage", outcome="pool")
    assert desk.case(problem.number).pooled
    assert desk.tasks() == ["sign"]


def test_a_clerk_refuses_an_uncertain_one(desk: Desk) -> None:
    problem = desk.report("拿不准的一件")
    ground = "不属于涉企问题：反映的是个人事项"
    desk.do("triage", outcome="refuse", ground=ground, note="请打社区电话。")
    refusal = desk.jobs("channel.refuse")[0]
    assert refusal["reason"] == ground
    assert desk.words(refusal["note"]) == "请打社区电话。"
    case = desk.case(problem.number)
    assert (case.outcome, case.reason, case.pooled) == ("refused", ground, False)


def test_the_enterprise_is_asked_and_answers(desk: Desk) -> None:
    problem = desk.report("拿不准的一件")
    desk.do("triage", outcome="ask", question="请写明企业名称。")
    assert desk.tasks() == []
    assert desk.case(problem.number).status == "等待企业补正"
    desk.say("supplement.answered", problem.number, text="织里童装有限公司")
    desk.do("triage", outcome="pool")
    assert desk.tasks() == ["sign"]


def test_asking_lapses_and_the_clerk_decides(desk: Desk) -> None:
    problem = desk.report("拿不准的一件")
    desk.do("triage", outcome="ask", question="请写明企业名称。")
    desk.until(1, 12, 17, 29)
    assert desk.tasks() == []
    desk.until(1, 12, 17, 31)
    assert desk.tasks() == ["triage"]
    desk.do("triage", outcome="refuse", ground="内容不清、无法联系企业，不能办理")
    assert desk.case(problem.number).outcome == "refused"


def test_the_same_words_again_are_merged(desk: Desk) -> None:
    body = "我公司在织里镇租的厂房被通知月底前腾退，设备来不及搬，请协调延期，避免停产损失扩大。"
    first = desk.report("厂房腾退", body)
    second = desk.report("厂房腾退", body)
    assert second.outcome == "duplicate"
    told = [each["text"] for each in desk.jobs("channel.progress") if each["original"] == "hotline-2"]
    assert first.number in told[0]
    assert desk.tasks() == ["sign"]
    assert desk.case(second.number).closed_at is not None


def test_an_accused_organisation_neither_sees_nor_handles_the_problem(desk: Desk) -> None:
    problem = desk.report("市场监管局吃拿卡要", "我公司办证时，市场监管局工作人员索贿。")
    case = desk.case(problem.number)
    assert case.confidential
    assert f"{COUNTY}.market" in case.excluded
    assert f"{COUNTY}.market" in desk.task("sign").excluded


def test_a_problem_about_the_centre_itself_goes_to_the_superior_place(desk: Desk) -> None:
    problem = desk.report("吴兴区企业综合服务中心推诿", "吴兴区企业综合服务中心的人推诿扯皮，不作为。")
    child = desk.child(problem.number)
    assert (child.place, child.confidential, child.excluded) == ("3305", True, [f"{COUNTY}.centre"])
    assert desk.task("route").place == "3305"


def test_a_problem_about_the_topmost_centre_goes_to_the_reform_office(desk: Desk) -> None:
    desk.report("浙江省企业综合服务中心推诿", "浙江省企业综合服务中心不作为。", place="33")
    assert desk.tasks() == ["reform_office"]


def test_the_enterprise_withdraws_while_a_clerk_looks(desk: Desk) -> None:
    problem = desk.report("拿不准的一件")
    desk.say("withdrawal.requested", problem.number, reason="已自行解决")
    case = desk.case(problem.number)
    assert (case.outcome, case.stage, case.status) == ("withdrawn", "closure", "企业已撤回")
    assert desk.tasks() == []
    assert desk.instance(problem.number).state == "completed"
