"""The owners' page about FEEL: ``python -m processes.casework.handbook`` writes ``bpmn/FEEL.md``.

The functions' part comes from the docstrings of :class:`~processes.casework.functions.Functions`; every example on the page
is an expression that must be true, and a test evaluates each.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from processes.casework.functions import Functions

PAGE = Path(__file__).resolve().parents[2] / "bpmn" / "FEEL.md"

_EXAMPLE = re.compile(r"^```feel\n(.*?)^```", re.MULTILINE | re.DOTALL)

HEAD = """# 怎么写条件、决策和脚本：FEEL

<!-- 由 python -m processes.casework.handbook 生成；业务函数一节取自 processes/casework/functions.py 的说明 -->

流程图、决策表和表单里要算的地方都用 FEEL（DMN 1.5 标准的表达式语言）。以 `=` 开头的就是 FEEL。

| 写在哪里 | 怎么写 | 例子 |
|---|---|---|
| 网关的条件 | `=` 加一个真假 | `= verdict = "pool" and not(confidential)` |
| 脚本任务 | `=` 加一个上下文，每一项成为一个变量，后面的项可用前面的 | `= {days: 5, due: add working days(now(), days, case.place)}` |
| 决策表的条件格 | 不写 `=`；`-` 表示任意 | `"basic", "policy"`　`[1..5]`　`> 3`　`not("basic")`　`matches(?, "营业执照")` |
| 决策表的结果格 | 不写 `=`；文字加双引号 | `"centre"`　`days * 2` |
| 计时器 | ISO 8601，或 `=` 加一个给出它的表达式 | `PT2H`　`R3/P1D`　`= add working days(now(), 3, case.place)` |
| 具名属性（dueAt、role、record…） | `=` 开头的是 FEEL，其余照字面 | `= case.place` |
| 表单的 x-show、x-options | `=` 开头 | `= outcome = "extend"`　`= boards(case.place)` |

先试再用：`python app.py decide 文件.dmn --input '{"days": 5}'` 给出结果和命中的行；`python app.py check bpmn` 指出读不懂的格子、
会同时命中的行和一行也不命中的输入。

下面每个例子都成立（结果为 true）。例子里 `case.place` 是吴兴区（330502）。

## 写法

```feel
1 + 2 * 3 = 7
0.1 + 0.2 = 0.3
"湖州" + "市" = "湖州市"
(if 3 > 2 then "是" else "否") = "是"
5 between 1 and 10
5 in [1..10]
"b" in ("a", "b")
{a: 1, b: a + 1}.b = 2
[10, 20, 30][1] = 10
[10, 20, 30][-1] = 30
[1, 2, 3, 4][item > 2] = [3, 4]
(for i in 1..3 return i * i) = [1, 4, 9]
some x in [1, 2, 3] satisfies x > 2
every x in [1, 2, 3] satisfies x > 0
@"2026-10-01" - @"2026-09-28" = @"P3D"
@"2026-01-31" + @"P1M" = @"2026-02-28"
date and time("2026-11-23T09:30:00+08:00").year = 2026
```

没有的变量、算不出来的结果是 `null`，不报错；`null = null` 为真，`null > 3` 仍是 `null`（当作不成立）。文字只能和文字比较，日期
只能和日期比较。列表从 1 数起。

## 业务函数

"""

BUILT_IN = """## 常用的标准函数

DMN 1.5 的标准函数都有（Java 函数除外）。正则表达式由 RE2 执行：不支持前后断言和反向引用。

```feel
contains("办理营业执照", "执照")
starts with("330502.policy", "330502")
matches("跑了3趟", "跑了?[0-9]+趟")
replace("a-b-c", "-", "/") = "a/b/c"
substring("企业综合服务中心", 1, 2) = "企业"
string length("闭环") = 2
split("a;b;c", ";") = ["a", "b", "c"]
string join(["a", "b"], "、") = "a、b"
string(12) = "12"
number("12.5") = 12.5
count([1, 2, 3]) = 3
sum([1, 2, 3]) = 6
max(3, 7, 5) = 7
mean([2, 4]) = 3
list contains(["a", "b"], "b")
append([1], 2) = [1, 2]
concatenate([1], [2, 3]) = [1, 2, 3]
distinct values([1, 1, 2]) = [1, 2]
sort([3, 1, 2], function(a, b) a < b) = [1, 2, 3]
all([true, true])
any([false, true])
not(false)
get value({a: 1}, "a") = 1
round half up(2.5, 0) = 3
floor(2.7) = 2
modulo(7, 3) = 1
date("2026-11-23") = @"2026-11-23"
duration("P3D") = @"P3D"
day of week(@"2026-11-23") = "Monday"
now() > date and time("2020-01-01T00:00:00+08:00")
today() > date("2020-01-01")
missing = null
```

## 用多少算多

一个表达式最多用约 20 万步、2 秒处理器时间，字符串最长 20 万字，列表最长 10 万项；一次办理最多走 5 万步。超过的停下来，成为这一件事项
的异常，由人改正后重试，其他事项不受影响。
"""


def render() -> str:
    """The page."""
    return HEAD + "\n".join(_functions()) + "\n" + BUILT_IN


def examples(page: str) -> list[str]:
    """Every example of a page, one expression each."""
    return [line for block in _EXAMPLE.findall(page) for line in block.splitlines() if line.strip()]


def _functions() -> Iterator[str]:
    for name, method in _methods():
        text, _, example = (inspect.getdoc(method) or "").partition("例：")
        parameters = [each for each in inspect.signature(method).parameters if each != "self"]
        yield f"### {name}({', '.join(parameters)})\n"
        yield " ".join(text.split()) + "\n"
        yield f"```feel\n{example.strip()}\n```\n"


def _methods() -> Iterator[tuple[str, Callable[..., object]]]:
    """The functions by their FEEL names: the methods' names with blanks."""
    for name, method in vars(Functions).items():
        if not name.startswith("_"):
            yield name.replace("_", " "), method


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(), "utf-8")


if __name__ == "__main__":
    main()
