"""The parts of the API, and what its document says before all else."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

SAID: Any = _l(
    "网页上能办的事，程序用访问令牌也能办：令牌在“账号与安全”里生成，代表生成它的人，职责、地区、回避和保密都与网页相同，用途只会更窄。"
    "出错时返回 RFC 9457 的 problem+json，写明哪一项、怎样改。POST 可以带 Idempotency-Key：24 小时内再发同样的请求，得到同样的答复，不会办两次。"
    "还能发多少次写在 RateLimit 里，超出时返回 429 和 Retry-After。Accept-Language 为 en 时用英文答复。"
)

ACCOUNT: Any = _l("本人的账号")
TASKS: Any = _l("待办和任务")
CASES: Any = _l("问题")
REPORTS: Any = _l("登记")
SUBJECTS: Any = _l("个人信息")
SUPERVISION: Any = _l("督办")
INSTANCES: Any = _l("流程实例")
INCIDENTS: Any = _l("异常")
ACCOUNTS: Any = _l("账号")
DUTIES: Any = _l("职责")
AUDIT: Any = _l("审计日志")
OPERATIONS: Any = _l("对接运行")
DOCUMENT: Any = _l("接口文件")

ABOUT: tuple[tuple[Any, Any], ...] = (
    (ACCOUNT, _l("令牌代表谁、能做什么；本人的登录、代理人、令牌。生成令牌、更换密码、设置第二因素只能在网页上办")),
    (TASKS, _l("我的待办、领取和转交、填表、附件、提交")),
    (CASES, _l("查找问题，办理经过、流程图、附件、打印件")),
    (REPORTS, _l("在窗口登记企业的问题，用表格报送")),
    (SUBJECTS, _l("查、复制、更正、删除一个人的个人信息，以及审批")),
    (SUPERVISION, _l("红黄灯、催办、督办、通报")),
    (INSTANCES, _l("查找流程实例，逐个或批量处理；流程图、版本和热力图")),
    (INCIDENTS, _l("办不下去的步骤，重试")),
    (ACCOUNTS, _l("安全管理员：查找账号，锁定、停用、重置，退出登录，撤销令牌")),
    (DUTIES, _l("系统管理员：人员和职责，新建账号")),
    (AUDIT, _l("审计管理员：查审计日志，导出")),
    (OPERATIONS, _l("合作方、队列、外部系统、死信、隔离区、测试消息")),
    (DOCUMENT, _l("这份文件")),
)
