"""What the document says in words, Chinese first."""

from __future__ import annotations

TITLE = "闭环（Bihuan）消息约定"

DESCRIPTION = """\
任何语言写的系统，有一个 AMQP 0-9-1 客户端和这份文件，就能与平台对接。

**发给平台**：消息发到主题交换机 `bihuan.inbox`，路由键就是消息类型；请用持久消息（delivery mode 2）和发布确认（publisher confirms），\
没有得到确认就用原来的编号重发。消息是 CloudEvents 1.0 二进制模式：属性在消息头 `ce-…` 里，正文是 JSON；也接受结构化模式\
（content type `application/cloudevents+json`，属性和 data 都在正文里）。同一合作方、同一来源（ce-source）、同一编号（ce-id）只生效一次。\
没有案件在等的消息先保存 7 天，等到了就用。不符合约定的消息不生效，连同原因保留在平台，由平台管理员告知；\
不是 CloudEvents 的消息进入死信队列。没有 AMQP 的系统可以凭平台管理员发放的令牌用 `POST /api/messages` 发同样的消息，当场得到结果。

**办平台的任务**：从队列 `jobs.<主题>` 和 `jobs.<主题>.urgent`（紧急的任务）取消息，两个都要取，紧急的先做；队列由平台建立，请勿自行声明。\
做完以后把答复发到 `bihuan.inbox`，得到发布确认以后再确认（ack）任务消息：没有确认的消息就是任务的锁，断开连接它就投递给别人。\
要做几分钟以上的，先答复 `job.accepted`（lock_seconds 秒以内归你），得到发布确认就确认任务消息，时间不够时用 `job.extended` 延长；\
到时没有答复，任务就转给别人，不占次数。同一任务可能投递多次：以 ce-jobid 为幂等键；先到的有效结果算数，不论是第几次尝试的，后到的不再生效。\
没有做成的答复 `job.failed`，由平台决定何时再发；请照抄 ce-attempt，过时的失败就不占次数。答复不带 ce-partner。

**听事件**：把自己的队列绑定到主题交换机 `bihuan.events`。

标有“平台内部”的消息由平台自己发送，合作方不能发。

---

Any system with an AMQP 0-9-1 client can take part with this document alone.

**To the platform**: publish to the topic exchange `bihuan.inbox` with the message's type as the routing key, persistent and with publisher \
confirms; send again with the same id when no confirm comes. Messages are CloudEvents 1.0 in binary mode (attributes in the headers `ce-…`, \
JSON in the body); structured mode is accepted, too. A message has its effect once for each (partner, ce-source, ce-id); one that no case \
waits for is kept for 7 days. What does not fit its contract has no effect and is kept with the reason; what is no CloudEvent lies with the \
dead letters. Without AMQP, `POST /api/messages` takes the same messages with a token of the platform's and answers at once.

**Jobs of the platform**: consume both `jobs.<topic>` and `jobs.<topic>.urgent`, the urgent ones first (the platform declares these \
queues; do not declare them). Publish the answer to `bihuan.inbox`, and acknowledge the job after the answer's confirm: a message that is \
not acknowledged is the job's lock, and goes to another worker when your connection ends. For a job of more than a few minutes send \
`job.accepted` first (it is yours for lock_seconds), acknowledge it after that message's confirm, and send `job.extended` when you need \
longer; a lock that runs out hands the job on, which uses up no attempt. A job may come more than once: ce-jobid is the idempotency key, and \
the first valid result counts, whichever attempt it is of. Answer `job.failed` when it could not be done, and the platform decides when it \
is sent again; copy ce-attempt, so that a late failure uses up nothing. Answers carry no ce-partner.

**Events**: bind a queue of your own to the topic exchange `bihuan.events`.

Messages marked as internal are sent by the platform alone.
"""
