"""What can be typed: the commands and their arguments."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.settings import MODELS


def parser() -> argparse.ArgumentParser:
    """The command line; ``command`` of what it reads is the command's name."""
    whole = argparse.ArgumentParser(prog="app.py", description="闭环 Bihuan：涉企问题高效闭环解决")
    subparsers = whole.add_subparsers(dest="command", required=True, metavar="命令")

    def add(name: str, help: str) -> argparse.ArgumentParser:
        return subparsers.add_parser(name, help=help, description=help)

    def client(name: str, help: str) -> argparse.ArgumentParser:
        each = add(name, help)
        each.add_argument("--url", help="平台的网址（默认：本机正在运行的那一个）")
        return each

    run = add("run", "在一台机器上启动整个平台（PORT、DATA 指定端口和数据文件夹）")
    run.add_argument("--no-demo", action="store_true", help="不放入演示数据")
    for name, help in (
        ("engine", "流程引擎（配合 DATABASE_URL、AMQP_URL）"),
        ("worker", "外部系统适配器，或自己写的工作程序（配合 AMQP_URL）"),
    ):
        each = add(name, help)
        each.add_argument("--systems-url", help="外部系统替身的网址")
    each.add_argument(
        "--module", metavar="模块:变量", help="不运行适配器，运行这个模块里的工作程序，例如 mymodule:worker"
    )
    add("gateway", "网页和接口").add_argument(
        "--share-port", action="store_true", help="与本机其他也这样启动的网关共用端口（PORT）：每个处理器核心启动一个"
    )
    backup = add("backup", "备份数据库（平台可以正在运行）")
    backup.add_argument("file", type=Path, help="写到这个文件")
    restore = add("restore", "把备份恢复到一个空的数据库（SQLite 和 PostgreSQL 的备份可以互相恢复）")
    restore.add_argument("file", type=Path, help="backup 写的文件")
    restore.add_argument("--force", action="store_true", help="先删除数据库里现有的全部数据（无法找回），再恢复")
    restore.add_argument("--erased", type=Path, help="erased 写的清单：备份之后按申请删除的个人信息，恢复时再删除一次")
    erased = add("erased", "写出按申请删除过的内容的清单（只有内部编号），与备份一起保存，恢复旧备份时用")
    erased.add_argument("file", type=Path, help="写到这个文件")
    add("reindex", "重建查找用的索引：从旧版本升级之后，或者地区的上下级变动之后（平台可以正在运行）")
    check = add("check", "检查流程图、决策表和表单；有错误时退出码为 1")
    check.add_argument("paths", nargs="+", type=Path)
    check.add_argument("--json", action="store_true")
    decide = add("decide", "试算一个决策：给出结果和命中的规则")
    decide.add_argument("file", type=Path, help="决策文件（.dmn）")
    decide.add_argument("--decision", help="决策的 id（默认：文件里最终的那一个）")
    decide.add_argument("--input", default="{}", help="输入，JSON 对象，例如 '{\"days\": 5}'")
    decide.add_argument("--json", action="store_true")
    scenarios = add("scenarios", "演练模型旁边的情景（*.scenario.json），并统计走过了哪些顺序流；不符时退出码为 1")
    scenarios.add_argument(
        "paths", nargs="*", type=Path, metavar="文件夹", help="情景所在的文件夹或文件（默认：自带的模型）"
    )
    scenarios.add_argument(
        "--coverage", type=Path, metavar="文件", help="把每张图各元素被几份情景走过写进这个文件（JSON）"
    )
    scenarios.add_argument(
        "--least", type=float, default=0.0, metavar="百分数", help="每张图至少要走过的顺序流，不足时退出码为 1"
    )
    password = add("password", "给一个账号初始密码（第一位安全管理员用，直接写数据库）")
    password.add_argument("account", help="账号，例如 wx.su")
    _audit(add("audit", "安全审计日志：核对、导出、封存"))
    deploy = client("deploy", "检查并部署模型")
    deploy.add_argument("paths", nargs="+", type=Path)
    deploy.add_argument("--place", help="只在这个地区生效")
    _models(add("models", "把生效的模型取到文件夹，或把文件夹里的改动放入生效"))
    load = client("load", "载入地区、机构、人员、日历等基础数据")
    load.add_argument("folder", type=Path, nargs="?", default=MODELS / "reference")
    report = client("report", "把一批问题从某个渠道报进来（.jsonl、.csv、.xlsx）")
    report.add_argument("file", type=Path)
    report.add_argument("--channel", required=True, help="渠道代码，例如 hotline")
    report.add_argument("--outcomes", type=Path, help="每行的结果写进这个文件（JSON 行）")
    cases = client("cases", "列出事项")
    cases.add_argument("--place")
    cases.add_argument("--stage")
    cases.add_argument("--limit", type=int, default=50)
    case = client("case", "看一件事项")
    case.add_argument("id", help="问题编号或内部编号")
    tasks = client("tasks", "列出待办任务")
    for name in ("--place", "--role", "--case"):
        tasks.add_argument(name)
    for each in (cases, case, tasks):
        each.add_argument("--json", action="store_true")
    complete = client("complete", "办理一项任务")
    complete.add_argument("task")
    complete.add_argument("values", nargs="*", metavar="键=值")
    complete.add_argument("--person", help="以谁的名义办理（账号）")
    return whole


def _audit(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="操作")

    def add(name: str, help: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=help, description=help)

    verify = add("verify", "从头核对散列链；断开时说明是第几条，退出码为 1")
    verify.add_argument("--known", metavar="序号:散列值", help="另外核对当时记下的这一条还在，而且没有变")
    verify.add_argument("--file", type=Path, help="核对导出或封存的文件，而不是数据库")
    export = add("export", "把现有的全部记录写进一个新文件（JSON 行）")
    export.add_argument("file", type=Path)
    seal = add("seal", "把超过留存期（AUDIT_DAYS，至少 183 天）的记录移到一个新文件，文件的散列值留在日志里")
    seal.add_argument("file", type=Path)
    add("hash", "换用另一种散列算法（从下一条起）").add_argument("algorithm", choices=("sha256", "sm3"))


def _models(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="操作")
    for name, help in (
        ("pull", "取出生效的流程图、决策表、表单和情景，一个流程一个文件夹"),
        ("push", "检查、演练情景，把有变化的放入生效；有错误时退出码为 1"),
    ):
        each = actions.add_parser(name, help=help, description=help)
        each.add_argument("folder", type=Path, metavar="文件夹")
        each.add_argument("--place", help="只对这个地区（默认：全部地区）")
        each.add_argument("--url", help="平台的网址（默认：本机正在运行的那一个）")
    each.add_argument("--dry-run", action="store_true", help="只检查、演练，不放入生效")
    each.add_argument("--reason", help="有情景不符，为什么仍要生效（留在审计日志里）")
