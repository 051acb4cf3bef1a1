// The fields of an activity that is done more than once: for each of a list, a number of times, or as long as a condition holds.
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { _ } from '../words.js';

const EACH = 'bpmn:MultiInstanceLoopCharacteristics';
const WHILE = 'bpmn:StandardLoopCharacteristics';

const loop = (at) => at.node.loopCharacteristics;

const each = (at) => is(loop(at), EACH);
const during = (at) => is(loop(at), WHILE);

function kindOf(at) {
  if (during(at)) return 'standard';
  if (!each(at)) return 'once';
  return loop(at).isSequential ? 'sequential' : 'parallel';
}

function setKind(at, value) {
  const type = value === 'standard' ? WHILE : EACH;
  if (value === 'once') at.editor.update(at.node, { loopCharacteristics: undefined });
  else if (is(loop(at), type)) at.editor.update(loop(at), { isSequential: value === 'sequential' });
  else at.editor.update(at.node, { loopCharacteristics: at.editor.create(type, value === 'sequential' ? { isSequential: true } : {}) });
}

const attribute = (name) => ({
  get: (at) => String(loop(at)?.[name] ?? ''),
  set: (at, value) => at.editor.update(loop(at), { [name]: value.trim() || undefined }),
});

// The variable of one turn: its name alone, for an id may stand in a file but once.
const item = (name, type) => ({
  get: (at) => loop(at)?.[name]?.name ?? loop(at)?.[name]?.id ?? '',
  set: (at, value) => {
    const given = value.trim();
    const before = loop(at)?.[name];
    if (before && given) at.editor.update(before, { id: undefined, name: given });
    else at.editor.update(loop(at), { [name]: given ? at.editor.create(type, { name: given }) : undefined });
  },
});

export const looping = (expression) => [
  {
    key: 'loop', label: _('办几次'), kind: 'choose', plain: true, get: kindOf, set: setKind,
    options: () => [['once', _('一次')], ['parallel', _('多次，同时办')], ['sequential', _('多次，一次接一次')], ['standard', _('条件成立就再办一次')]],
  },
  { key: 'loop over', label: _('按哪个列表'), kind: 'text', optional: true, when: each, hint: _('变量名，例如 boards：列表里有几个，就办几次'), ...attribute('loopDataInputRef') },
  { key: 'loop item', label: _('当前这一个叫什么'), kind: 'text', optional: true, when: each, hint: _('变量名，例如 board：每一次各是列表里的一个'), ...item('inputDataItem', 'bpmn:DataInput') },
  { key: 'loop number', label: _('共几次'), kind: 'text', optional: true, when: each, hint: _('不按列表时填，例如 3；以 = 开头的是 FEEL 表达式'), ...expression(loop, 'loopCardinality') },
  { key: 'loop result', label: _('每一次的结果是哪个变量'), kind: 'text', optional: true, when: each, ...item('outputDataItem', 'bpmn:DataOutput') },
  { key: 'loop results', label: _('结果汇总成哪个列表'), kind: 'text', optional: true, when: each, ...attribute('loopDataOutputRef') },
  { key: 'loop done', label: _('提前办结的条件'), kind: 'area', optional: true, when: each, hint: _('每办完一次看一次；以 = 开头的是 FEEL 表达式'), ...expression(loop, 'completionCondition') },
  { key: 'loop while', label: _('再办一次的条件'), kind: 'area', required: true, when: during, hint: _('以 = 开头的是 FEEL 表达式'), ...expression(loop, 'loopCondition') },
  { key: 'loop most', label: _('最多几次'), kind: 'text', optional: true, when: during, ...attribute('loopMaximum') },
];
