"""What the document says in words, Chinese first."""

from __future__ import annotations

TITLE = "闭环（Bihuan）消息约定"

DESCRIPTION = """\
任何语言写的系统，有一个 AMQP 0-9-1 客户端和这份文件，就能与平台对接。

**发给平台**：消息发到主题交换机 `bihuan.inbox`，路由键就是消息类型；请用持久消息（delivery mode 2）和发布确认（publisher confirms），\
没有得到确认就用原来的编号重发。消息是 CloudEvents 1.0 二进制模式：属性在消息头 `ce-…` 里，正文是 JSON；也接受结构化模式\
（content type `application/cloudevents+json`，属性和 data 都在正文里）。同一合作方、同一来源（ce-source）、同一编号（ce-id）只生效一次。\
没有案件在等的消息先保存 7 天，等到了就用。不符合约定的消息、不是 CloudEvents 的消息、正文超过 1 MB 的消息不生效，连同原因进入平台的隔离区，\
由人改正后重发或不再处理；消息属性 reply_to 指明了发送方自己的队列的，平台把 `message.refused` 发到这个队列。\
没有 AMQP 的系统可以凭平台管理员发放的令牌用 `POST /api/messages` 发同样的消息，当场得到结果。

**身份与签名**：消息用 ce-partner 说明来自哪个合作方；带有 AMQP 属性 user_id（由消息服务器核对）的，必须是该合作方的账号。\
平台管理员为合作方配置了密钥的，消息要签名：消息头 `bihuan-signature` 的值是 `密钥编号;秒数;十六进制签名`，签名是 HMAC-SHA256，\
依次覆盖以下各行（UTF-8，每行以换行符结尾），再加一个空行和正文的原始字节：密钥编号；签名时间（1970 年起的秒数）；消息编号 ce-id；\
路由键（HTTP：消息类型）；content type；二进制模式下，每个 ce- 属性一行“名称=值”，名称不带 ce-，按名称排序（结构化模式没有这些行）。\
一个合作方同时最多有两把有效密钥，便于更换。签名时间：HTTP 前后不超过 5 分钟；AMQP 不晚于平台时钟 5 分钟，更早的都接受，\
因为消息可能在队列里等平台恢复，而重放不会再次生效。没有配置密钥时，凡能向 `bihuan.inbox` 发消息的都被相信；没有 ce-partner 的消息算平台自己的，\
所以请平台管理员在消息服务器上限制账号的权限，或配置密钥。

**办平台的任务**：从队列 `jobs.<主题>` 和 `jobs.<主题>.urgent`（紧急的任务）取消息，两个都要取，紧急的先做；队列由平台建立，请勿自行声明。\
做完以后把答复发到 `bihuan.inbox`，得到发布确认以后再确认（ack）任务消息：没有确认的消息就是任务的锁，断开连接它就投递给别人。\
要做几分钟以上的，先答复 `job.accepted`（lock_seconds 秒以内归你），得到发布确认就确认任务消息，时间不够时用 `job.extended` 延长；\
到时没有答复，任务就转给别人，不占次数。同一任务可能投递多次：以 ce-jobid 为幂等键；先到的有效结果算数，不论是第几次尝试的，后到的不再生效。\
没有做成的答复 `job.failed`，由平台决定何时再发；请照抄 ce-attempt，过时的失败就不占次数。\
平台自己的工作程序答复时不带 ce-partner；合作方以自己的名义（ce-partner）答复，只能答复平台管理员交给它的主题。\
任务的结果不符合约定的，答复不生效，任务仍然待办。

**听事件**：把自己的队列绑定到主题交换机 `bihuan.events`，路由键就是事件类型，如 `case.closed`。事件里没有个人信息，也没有任何人写的文字。

标有“平台内部”的消息由平台自己发送，合作方不能发。

---

Any system with an AMQP 0-9-1 client can take part with this document alone.

**To the platform**: publish to the topic exchange `bihuan.inbox` with the message's type as the routing key, persistent and with publisher \
confirms; send again with the same id when no confirm comes. Messages are CloudEvents 1.0 in binary mode (attributes in the headers `ce-…`, \
JSON in the body); structured mode is accepted, too. A message has its effect once for each (partner, ce-source, ce-id); one that no case \
waits for is kept for 7 days. What does not fit its contract, is no CloudEvent or has more than 1 MB has no effect and lies in quarantine with \
the reason, until a person mends it and sends it again, or dismisses it; when its AMQP property reply_to names a queue of the sender's own, \
`message.refused` goes there. Without AMQP, `POST /api/messages` takes the same messages with a token of the platform's and answers at once.

**Identity and signatures**: ce-partner says which partner a message is from; the AMQP property user_id, when it is set (the broker checks it), must \
be an account of that partner's. Messages of a partner with keys must be signed: the header `bihuan-signature` is `key id;seconds;hex digest`, an \
HMAC-SHA256 over these lines (UTF-8, each ended by a line feed), an empty line, and the raw bytes of the body: the key's id; the time of signing in \
seconds since 1970; ce-id; the routing key (HTTP: the message's type); the content type; in binary mode a line `name=value` for each attribute, \
without the prefix ce-, sorted by name (none in structured mode). Two keys of a partner may be live. The time: within 5 minutes over HTTP; over AMQP \
not more than 5 minutes ahead of the platform's clock, and as old as it may be, since a message may wait in the queue for the platform to come \
back, and a replay has no second effect. Without keys, whoever may publish to `bihuan.inbox` is believed, and a message without ce-partner counts \
as the platform's own: limit the permissions of accounts on the broker, or configure keys.

**Jobs of the platform**: consume both `jobs.<topic>` and `jobs.<topic>.urgent`, the urgent ones first (the platform declares these \
queues; do not declare them). Publish the answer to `bihuan.inbox`, and acknowledge the job after the answer's confirm: a message that is \
not acknowledged is the job's lock, and goes to another worker when your connection ends. For a job of more than a few minutes send \
`job.accepted` first (it is yours for lock_seconds), acknowledge it after that message's confirm, and send `job.extended` when you need \
longer; a lock that runs out hands the job on, which uses up no attempt. A job may come more than once: ce-jobid is the idempotency key, and \
the first valid result counts, whichever attempt it is of. Answer `job.failed` when it could not be done, and the platform decides when it \
is sent again; copy ce-attempt, so that a late failure uses up nothing. The platform's own workers answer without ce-partner; a partner answers in \
its own name, and only topics that it was given. An answer that does not fit is refused, and counts as a failure of \
the job, which is tried again; its result may still come.

**Events**: bind a queue of your own to the topic exchange `bihuan.events`; the routing key is the event's type, as `case.closed`. Events tell of \
no person, and repeat nobody's words.

Messages marked as internal are sent by the platform alone.
"""
