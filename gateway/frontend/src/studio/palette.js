// What can be drawn: no more than the engine executes, in the language of the page.
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { _ } from '../words.js';

const WORDS = {
  'Activate hand tool': _('移动画面'), 'Activate lasso tool': _('框选'), 'Activate create/remove space tool': _('腾出空间'), 'Activate global connect tool': _('连线'),
  'Create start event': _('开始事件'), 'Create intermediate/boundary event': _('中间事件'), 'Create end event': _('结束事件'),
  'Create gateway': _('分支'), 'Create expanded sub-process': _('子流程'),
  'Append end event': _('接一个结束'), 'Append gateway': _('接一个分支'), 'Append intermediate/boundary event': _('接一个中间事件'),
  'Append message intermediate catch event': _('接一个等消息'), 'Append timer intermediate catch event': _('接一个等时间'),
  'Append conditional intermediate catch event': _('接一个等条件'), 'Append signal intermediate catch event': _('接一个等信号'), 'Append receive task': _('接一个接收任务'),
  'Append compensation activity': _('接一个撤销的任务'), 'Add text annotation': _('加注释'),
  'Change element': _('换成别的'), Delete: _('删除'), 'Connect to other element': _('连到别的环节'), 'Connect using association': _('连到别的环节'),
  'Add lane above': _('在上面加泳道'), 'Add lane below': _('在下面加泳道'), 'Divide into two lanes': _('分成两条泳道'), 'Divide into three lanes': _('分成三条泳道'),
  'Align elements': _('对齐'), 'Align elements ': _('对齐'), 'Distribute elements horizontally': _('横向等距'), 'Distribute elements vertically': _('纵向等距'),
  'Align elements left': _('左对齐'), 'Align elements center': _('左右居中'), 'Align elements right': _('右对齐'),
  'Align elements top': _('上对齐'), 'Align elements middle': _('上下居中'), 'Align elements bottom': _('下对齐'),
  'Search in diagram': _('在图上查找'), 'Open {element}': _('打开“{element}”'), 'flow elements': _('流程元素'),
  'Toggle non-interrupting': _('触发时不中断'),
};

export const words = (text, values = {}) => (WORDS[text] ?? text).replace(/{([^}]+)}/g, (whole, key) => values[key] ?? whole);

// What an element can be changed into. What is not here the engine does not execute.
const TASKS = {
  'user-task': _('人工任务'), 'service-task': _('系统任务'), 'rule-task': _('决策任务'), 'script-task': _('脚本任务'), 'call-activity': _('调用流程'), 'expanded-subprocess': _('子流程'),
};
const CHANGES = {
  ...TASKS, subprocess: _('子流程'), 'event-subprocess': _('事件子流程'),
  'exclusive-gateway': _('选一条走'), 'parallel-gateway': _('同时走'), 'inclusive-gateway': _('走成立的几条'), 'event-based-gateway': _('看谁先发生'),
  'none-start': _('开始事件'), 'message-start': _('收到消息开始'), 'timer-start': _('到时间开始'), 'conditional-start': _('条件成立开始'), 'signal-start': _('收到信号开始'), 'error-start': _('出错开始'), 'escalation-start': _('升级开始'),
  'none-intermediate-throwing': _('中间事件'), 'none-intermediate-throw': _('中间事件'), 'message-intermediate-catch': _('等消息'), 'message-intermediate-throw': _('发消息'), 'timer-intermediate-catch': _('等时间'),
  'conditional-intermediate-catch': _('等条件'), 'signal-intermediate-catch': _('等信号'), 'signal-intermediate-throw': _('发信号'), 'escalation-intermediate-throw': _('升级'),
  'none-end': _('结束事件'), 'message-end': _('发消息并结束'), 'error-end': _('出错结束'), 'escalation-end': _('升级并结束'), 'signal-end': _('发信号并结束'), 'terminate-end': _('全部终止'),
  'message-boundary': _('收到消息就中断'), 'timer-boundary': _('到时间就中断'), 'error-boundary': _('出业务错误'), 'escalation-boundary': _('升级就中断'), 'conditional-boundary': _('条件成立就中断'), 'signal-boundary': _('收到信号就中断'),
  'non-interrupting-message-boundary': _('收到消息（不中断）'), 'non-interrupting-timer-boundary': _('到时间（不中断）'), 'non-interrupting-escalation-boundary': _('升级（不中断）'),
  'non-interrupting-conditional-boundary': _('条件成立（不中断）'), 'non-interrupting-signal-boundary': _('收到信号（不中断）'),
  'sequence-flow': _('普通连线'), 'default-flow': _('其他都不成立时走'), 'conditional-flow': _('有条件的连线'),
};

const PALETTE = ['hand-tool', 'lasso-tool', 'space-tool', 'global-connect-tool', 'tool-separator', 'create.start-event', 'create.intermediate-event', 'create.end-event', 'create.exclusive-gateway', 'create.subprocess-expanded'];
const ADDED = [
  ['bpmn:UserTask', 'bpmn-icon-user-task', _('人工任务')], ['bpmn:ServiceTask', 'bpmn-icon-service-task', _('系统任务')],
  ['bpmn:BusinessRuleTask', 'bpmn-icon-business-rule-task', _('决策任务')], ['bpmn:ScriptTask', 'bpmn-icon-script-task', _('脚本任务')], ['bpmn:CallActivity', 'bpmn-icon-call-activity', _('调用流程')],
];
const LATER = 500; // after bpmn-js's own providers

function Choices(palette, contextPad, popupMenu, create, elementFactory, autoPlace) {
  const change = (event, element) => popupMenu.open(element, 'bpmn-replace', { x: event.clientX, y: event.clientY + 12 }, { title: words('Change element'), width: 300, search: true });
  const begin = (type) => (event) => create.start(event, elementFactory.createShape({ type }));
  palette.registerProvider(LATER, {
    getPaletteEntries: () => (entries) => {
      const kept = Object.fromEntries(PALETTE.filter((each) => entries[each]).map((each) => [each, entries[each]]));
      const { 'create.subprocess-expanded': sub, ...first } = kept;
      const tasks = ADDED.map(([type, className, title]) => [`create.${type}`, { group: 'activity', className, title, action: { dragstart: begin(type), click: begin(type) } }]);
      return { ...first, ...Object.fromEntries(tasks), ...(sub && { 'create.subprocess-expanded': sub }) };
    },
  });
  contextPad.registerProvider(LATER, {
    getContextPadEntries: () => (entries) => {
      if (entries.replace) {
        entries = { ...entries, replace: { ...entries.replace, action: { click: change } } };
      }
      if (!entries['append.append-task']) return entries;
      const type = 'bpmn:UserTask';
      const user = {
        group: 'model', className: 'bpmn-icon-user-task', title: _('接一个人工任务'),
        action: {
          click: (_event, element) => autoPlace.append(element, elementFactory.createShape({ type })),
          dragstart: (event, element) => create.start(event, elementFactory.createShape({ type }), { source: element }),
        },
      };
      const { 'append.append-task': gone, ...rest } = entries;
      return { 'append.user-task': user, ...rest };
    },
  });
  popupMenu.registerProvider('bpmn-replace', LATER, {
    getPopupMenuEntries: (element) => (entries) => Object.fromEntries(
      Object.entries(entries).flatMap(([id, entry]) => {
        const label = CHANGES[id.replace('replace-with-', '')];
        return label && !is(element, 'bpmn:Participant') ? [[id, { ...entry, label }]] : [];
      }),
    ),
    getPopupMenuHeaderEntries: () => (entries) => Object.fromEntries(Object.entries(entries).filter(([id]) => id === 'toggle-non-interrupting')),
  });
}
Choices.$inject = ['palette', 'contextPad', 'popupMenu', 'create', 'elementFactory', 'autoPlace'];

export const choices = { __init__: ['studioChoices'], studioChoices: ['type', Choices], translate: ['value', words] };
