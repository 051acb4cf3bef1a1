// The fields beside the drawing, as data: for which elements, what they are called, and where in the diagram their value stands.
import { is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { _ } from '../words.js';
import * as dialect from './dialect.js';
import { looping } from './loops.js';
import { daysOf } from './terms.js';

const kind = (...types) => (at) => isAny(at.node, types);
const trigger = (node, type) => (node.eventDefinitions ?? []).find((each) => is(each, type));
const has = (type) => (at) => Boolean(trigger(at.node, type));

// ---- where a value stands ----

const attribute = (name) => ({
  get: (at) => at.node[name] ?? '',
  set: (at, value) => at.editor.properties(at.element, { [name]: value || undefined }),
});
const property = (name) => ({
  get: (at) => dialect.property(at.node, name),
  set: (at, value) => dialect.setProperty(at.editor, at.node, name, value),
});
const text = (name) => ({
  get: (at) => dialect.text(at.node, name),
  set: (at, value) => dialect.setText(at.editor, at.node, name, value),
});
const ofMessage = (name) => ({
  get: (at) => dialect.text(trigger(at.node, 'bpmn:MessageEventDefinition'), name),
  set: (at, value) => dialect.setText(at.editor, trigger(at.node, 'bpmn:MessageEventDefinition'), name, value),
});
const documentation = (owner) => ({
  get: (at) => owner(at).documentation?.[0]?.text ?? '',
  set: (at, value) => {
    const [, ...rest] = owner(at).documentation ?? [];
    const first = value ? [at.editor.create('bpmn:Documentation', { text: value })] : [];
    at.editor.update(owner(at), { documentation: [...first, ...rest] });
  },
});
const expression = (owner, name) => ({
  get: (at) => owner(at)?.[name]?.body ?? '',
  set: (at, value) =>
    at.editor.update(owner(at), { [name]: value ? at.editor.create('bpmn:FormalExpression', { body: value }) : undefined }),
});
// What an event refers to stands by itself in the file: one of that name is used again, else made.
const reference = (event, name, type, key) => ({
  get: (at) => trigger(at.node, event)?.[name]?.[key] ?? '',
  set: (at, value) => at.editor.together(() => at.editor.update(trigger(at.node, event), { [name]: at.editor.root(type, key, value) })),
});

const self = (at) => at.node;
// The process that a page with one pool, or the pool, shows.
const processOf = ({ node }) => {
  if (is(node, 'bpmn:Process')) return node;
  const pools = is(node, 'bpmn:Collaboration') ? node.participants : [node];
  return pools.length === 1 && is(pools[0], 'bpmn:Participant') ? pools[0].processRef : undefined;
};
const timer = (at) => trigger(at.node, 'bpmn:TimerEventDefinition');
const TIMES = ['timeDate', 'timeDuration', 'timeCycle'];
const timeKind = (at) => TIMES.find((each) => timer(at)?.[each]) ?? 'timeDuration';
const moment = { get: (at) => timer(at).timeDate?.body ?? '', set: (at, value) => setTime(at, 'timeDate', value) };
const setTime = (at, which, body) => {
  const fresh = Object.fromEntries(TIMES.map((each) => [each, undefined]));
  if (body) fresh[which] = at.editor.create('bpmn:FormalExpression', { body });
  at.editor.update(timer(at), fresh);
};

const ACTIVITIES = ['bpmn:Task', 'bpmn:CallActivity', 'bpmn:SubProcess'];
const FEEL = _('以 = 开头的是 FEEL 表达式');

function chosenFlow(at) {
  const source = at.node.sourceRef;
  return is(at.node, 'bpmn:SequenceFlow') && source && !isAny(source, ['bpmn:ParallelGateway', 'bpmn:EventBasedGateway', 'bpmn:StartEvent']);
}

function parameters(at) {
  const job = at.offered.jobs.find((each) => each.topic === dialect.topic(at.node));
  const known = job?.parameters ?? [];
  const others = dialect.parameterNames(at.node).filter((name) => !known.some((each) => each.name === name));
  return [...known, ...others.map((name) => ({ name, title: name }))].map(({ name, title, required }) => ({
    key: `parameter ${name}`, label: title, code: name, required, kind: 'area',
    get: (one) => dialect.parameter(one.node, name),
    set: (one, value) => dialect.setParameter(one.editor, one.node, name, value),
  }));
}

const jobErrors = (at) => {
  const host = at.node.attachedToRef;
  const job = host && at.offered.jobs.find((each) => each.topic === dialect.topic(host));
  return Object.entries(job?.errors ?? {});
};

// ---- the groups, in the order in which they are shown ----
// kind: text, area (several lines), choose (a list), suggest (a list, or anything else), yes.

export const GROUPS = [
  {
    title: _('名称和说明'),
    when: (at) => !is(at.node, 'bpmn:Process') && !is(at.node, 'bpmn:Collaboration'),
    fields: [
      { key: 'name', label: _('名称'), kind: 'area', ...attribute('name') },
      { key: 'nameEn', label: _('英文名称'), kind: 'text', optional: true, ...property('nameEn') },
      { key: 'text', label: _('注释内容'), kind: 'area', when: kind('bpmn:TextAnnotation'), ...attribute('text') },
      { key: 'documentation', label: _('说明（给维护流程的人看）'), kind: 'area', optional: true, when: (at) => !kind('bpmn:Participant', 'bpmn:TextAnnotation', 'bpmn:SequenceFlow')(at), ...documentation(self) },
    ],
  },
  {
    title: _('流程'),
    when: (at) => Boolean(processOf(at)),
    fields: [
      { key: 'process name', label: _('流程名称'), kind: 'text', get: (at) => processOf(at).name ?? '', set: (at, value) => at.editor.update(processOf(at), { name: value || undefined }) },
      { key: 'process nameEn', label: _('流程英文名称'), kind: 'text', optional: true, get: (at) => dialect.property(processOf(at), 'nameEn'), set: (at, value) => dialect.setProperty(at.editor, processOf(at), 'nameEn', value) },
      { key: 'process documentation', label: _('流程说明'), kind: 'area', optional: true, ...documentation(processOf) },
    ],
  },
  {
    title: _('由谁办理'),
    when: kind('bpmn:UserTask'),
    fields: [
      { key: 'role', label: _('角色'), kind: 'choose', options: (at) => at.offered.roles, required: true, ...property('role') },
      { key: 'organisation', label: _('单位'), kind: 'suggest', optional: true, options: (at) => at.offered.organisations, hint: FEEL, ...property('organisation') },
      { key: 'place', label: _('地区'), kind: 'text', optional: true, ...property('place') },
      { key: 'assignee', label: _('指定到人'), kind: 'text', optional: true, ...property('assignee') },
      { key: 'excluded', label: _('须回避的人'), kind: 'text', optional: true, ...property('excluded') },
    ],
  },
  {
    title: _('办什么'),
    when: kind('bpmn:UserTask'),
    fields: [
      { key: 'form', label: _('表单'), kind: 'choose', opens: 'form', options: (at) => at.offered.forms, ...property('form') },
      { key: 'instructions', label: _('办理说明（给办理的人看）'), kind: 'area', optional: true, ...text('instructionsForEndUser') },
      { key: 'instructionsEn', label: _('办理说明的英文'), kind: 'area', optional: true, ...property('instructionsEn') },
      { key: 'next', label: _('办完之后会怎样'), kind: 'area', optional: true, ...property('next') },
      { key: 'nextEn', label: _('办完之后会怎样的英文'), kind: 'area', optional: true, ...property('nextEn') },
      { key: 'resultVariable', label: _('结果变量'), kind: 'text', optional: true, ...property('resultVariable') },
    ],
  },
  {
    title: _('系统任务'),
    when: kind('bpmn:ServiceTask'),
    fields: [
      { key: 'topic', label: _('做什么'), kind: 'choose', required: true, options: (at) => at.offered.jobs.map((each) => [each.topic, each.title]), get: (at) => dialect.topic(at.node), set: (at, value) => dialect.setTopic(at.editor, at.node, value) },
      parameters,
      { key: 'job result', label: _('结果变量'), kind: 'text', optional: true, get: (at) => dialect.jobResult(at.node), set: (at, value) => dialect.setJobResult(at.editor, at.node, value) },
      { key: 'retries', label: _('失败后重试几次'), kind: 'text', optional: true, ...property('retries') },
      { key: 'backoff', label: _('隔多久重试'), kind: 'text', optional: true, hint: _('例如 PT10S：10 秒，以后每次加倍'), ...property('backoff') },
      { key: 'priority', label: _('优先级（0 到 9）'), kind: 'text', optional: true, ...property('priority') },
    ],
  },
  {
    title: _('决策'),
    when: kind('bpmn:BusinessRuleTask'),
    fields: [
      { key: 'decision', label: _('决策表'), kind: 'choose', opens: 'dmn', required: true, options: (at) => at.offered.decisions, ...text('calledDecisionId') },
      { key: 'decision result', label: _('结果变量'), kind: 'text', optional: true, ...property('resultVariable') },
    ],
  },
  {
    title: _('调用流程'),
    when: kind('bpmn:CallActivity'),
    fields: [{ key: 'called', label: _('调用的流程'), kind: 'choose', required: true, options: (at) => at.offered.processes, ...attribute('calledElement') }],
  },
  {
    title: _('脚本'),
    when: kind('bpmn:ScriptTask'),
    fields: [{ key: 'script', label: _('脚本'), kind: 'area', code: true, hint: FEEL, ...attribute('script') }],
  },
  {
    title: _('办几次'),
    when: (at) => kind(...ACTIVITIES)(at) && !at.node.triggeredByEvent,
    fields: looping(expression),
  },
  {
    title: _('期限'),
    when: kind(...ACTIVITIES),
    fields: [
      { key: 'due days', label: _('几个工作日内办完'), kind: 'text', optional: true, ...daysOf(property('dueAt')) },
      { key: 'dueAt', label: _('办理期限'), kind: 'area', optional: true, hint: FEEL, ...property('dueAt') },
      { key: 'warn days', label: _('过几个工作日亮黄灯'), kind: 'text', optional: true, ...daysOf(property('warnAt')) },
      { key: 'warnAt', label: _('亮黄灯的时间'), kind: 'area', optional: true, ...property('warnAt') },
    ],
    act: { when: kind('bpmn:UserTask'), name: 'remind', label: _('加一个催办提醒') },
  },
  {
    title: _('时间'),
    when: has('bpmn:TimerEventDefinition'),
    fields: [
      { key: 'time kind', label: _('怎么算'), kind: 'choose', required: true, options: () => [['timeDate', _('到某个时刻')], ['timeDuration', _('过一段时间')], ['timeCycle', _('每隔一段时间')]], plain: true, get: timeKind, set: (at, value) => setTime(at, value, timer(at)[timeKind(at)]?.body || '= ""') },
      { key: 'time days', label: _('过几个工作日'), kind: 'text', optional: true, when: (at) => timeKind(at) === 'timeDate', ...daysOf(moment) },
      { key: 'time', label: _('时间'), kind: 'area', required: true, hint: _('PT1H 是 1 小时，P3D 是 3 天；以 = 开头的是 FEEL 表达式'), get: (at) => timer(at)[timeKind(at)]?.body ?? '', set: (at, value) => setTime(at, timeKind(at), value) },
    ],
  },
  {
    title: _('消息'),
    when: has('bpmn:MessageEventDefinition'),
    fields: [
      { key: 'message', label: _('消息名称'), kind: 'suggest', required: true, options: (at) => at.offered.messages.map((each) => [each, '']), ...reference('bpmn:MessageEventDefinition', 'messageRef', 'bpmn:Message', 'name') },
      { key: 'correlationKey', label: _('靠什么对上号'), kind: 'text', optional: true, hint: FEEL, ...property('correlationKey') },
      { key: 'messageVariable', label: _('消息内容放进变量'), kind: 'text', optional: true, when: kind('bpmn:CatchEvent'), ...ofMessage('messageVariable') },
      { key: 'messagePayload', label: _('消息内容'), kind: 'area', optional: true, when: kind('bpmn:ThrowEvent'), ...ofMessage('messagePayload') },
      { key: 'message place', label: _('发到哪个地区'), kind: 'text', optional: true, when: kind('bpmn:ThrowEvent'), ...property('place') },
    ],
  },
  {
    title: _('业务错误'),
    when: has('bpmn:ErrorEventDefinition'),
    fields: [{ key: 'error', label: _('错误代码'), kind: 'suggest', optional: true, options: jobErrors, ...reference('bpmn:ErrorEventDefinition', 'errorRef', 'bpmn:Error', 'errorCode') }],
  },
  {
    title: _('升级'),
    when: has('bpmn:EscalationEventDefinition'),
    fields: [{ key: 'escalation', label: _('升级代码'), kind: 'suggest', optional: true, options: () => [], ...reference('bpmn:EscalationEventDefinition', 'escalationRef', 'bpmn:Escalation', 'escalationCode') }],
  },
  {
    title: _('信号'),
    when: has('bpmn:SignalEventDefinition'),
    fields: [{ key: 'signal', label: _('信号名称'), kind: 'text', required: true, ...reference('bpmn:SignalEventDefinition', 'signalRef', 'bpmn:Signal', 'name') }],
  },
  {
    title: _('条件'),
    when: has('bpmn:ConditionalEventDefinition'),
    fields: [{ key: 'event condition', label: _('条件'), kind: 'area', required: true, hint: FEEL, ...expression((at) => trigger(at.node, 'bpmn:ConditionalEventDefinition'), 'condition') }],
  },
  {
    title: _('什么时候走这条线'),
    when: chosenFlow,
    fields: [
      { key: 'condition', label: _('条件'), kind: 'area', optional: true, hint: _('例如 = sign.outcome = "accept"'), ...expression(self, 'conditionExpression') },
      { key: 'default', label: _('其他线的条件都不成立时走这条'), kind: 'yes', get: (at) => at.node.sourceRef.default === at.node, set: (at, value) => at.editor.properties(at.element.source, { default: value ? at.node : undefined }) },
    ],
  },
  {
    title: _('对外怎么说'),
    when: kind('bpmn:FlowNode'),
    fields: [
      { key: 'stage', label: _('到了哪个阶段'), kind: 'choose', options: (at) => at.offered.stages, ...property('stage') },
      { key: 'caseStatus', label: _('问题的状态'), kind: 'area', optional: true, ...property('caseStatus') },
      { key: 'caseStatusEn', label: _('问题的状态的英文'), kind: 'area', optional: true, ...property('caseStatusEn') },
      { key: 'record', label: _('记到问题上的内容'), kind: 'area', optional: true, hint: FEEL, ...property('record') },
    ],
  },
];

// The groups of an element with the fields that it has.
export function groupsOf(at) {
  return GROUPS.filter((group) => group.when(at)).map(({ title, fields, act }) => ({
    title,
    act: act?.when(at) ? act : null,
    fields: fields.flatMap((each) => (typeof each === 'function' ? each(at) : [each])).filter((each) => !each.when || each.when(at)),
  }));
}
