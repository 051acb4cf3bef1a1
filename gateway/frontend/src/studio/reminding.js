// A reminder for whoever has a task, drawn in one step: a timer on the task that interrupts nothing, a notice, an end.
import { zh } from '../words.js';
import * as dialect from './dialect.js';
import { inDays } from './terms.js';

const GAP = 30; // pixels between a task and what hangs below it
const STEP = 20; // pixels further down when there is something already

export function remind(modeler, task, editor) {
  const [modeling, elements, registry] = ['modeling', 'elementFactory', 'elementRegistry'].map((each) => modeler.get(each));
  const node = task.businessObject;
  const property = (name) => dialect.property(node, name);
  const made = {};
  editor.together(() => {
    const timer = elements.createShape({ type: 'bpmn:BoundaryEvent', eventDefinitionType: 'bpmn:TimerEventDefinition', cancelActivity: false });
    made.timer = modeling.createShape(timer, { x: task.x + task.width / 2, y: task.y + task.height }, task, { attach: true });
    const notice = elements.createShape({ type: 'bpmn:ServiceTask' });
    const end = elements.createShape({ type: 'bpmn:EndEvent' });
    const middle = task.x + task.width / 2;
    const top = free(registry, middle - notice.width / 2, task.y + task.height + GAP, notice.width, notice.height + GAP + end.height + GAP);
    made.notice = modeling.appendShape(made.timer, notice, { x: middle, y: top + notice.height / 2 }, task.parent);
    made.end = modeling.appendShape(made.notice, end, { x: middle, y: top + notice.height + GAP + end.height / 2 }, task.parent);

    const of = (shape) => ({ ...editor, update: (owner, given) => modeling.updateModdleProperties(shape, owner, owned(given, owner)) });
    const event = made.timer.businessObject.eventDefinitions[0];
    of(made.timer).update(event, { timeDate: editor.create('bpmn:FormalExpression', { body: timeOf(property('dueAt')) }) });
    for (const [shape, name, english] of [[made.timer, zh('该催办了'), 'Time for a reminder'], [made.notice, zh('催办：%(name)s', { name: node.name || '' }), 'Reminder'], [made.end, zh('已催办'), 'Reminded']]) {
      modeling.updateProperties(shape, { name });
      dialect.setProperty(of(shape), shape.businessObject, 'nameEn', english);
    }
    const at = of(made.notice);
    const job = made.notice.businessObject;
    dialect.setTopic(at, job, 'notice.send');
    for (const [name, value] of Object.entries(told(node.name, property))) dialect.setParameter(at, job, name, value);
  });
  return made.timer;
}

// A working day before the task is due, where that is said in days; else when it is due; else after one working day.
function timeOf(due) {
  const days = inDays.days(due);
  return !due || days > 1 ? inDays.body(days > 1 ? days - 1 : 1) : due;
}

const told = (name, property) => ({
  case: '= case.number',
  kind: '= "reminder"',
  to: `= {role: ${JSON.stringify(property('role'))}, organisation: ${expression(property('organisation'))}, place: case.place}`,
  subject: `= ${JSON.stringify(zh('催办：%(name)s', { name: '' }))} + case.number`,
  text: `= case.number + ${JSON.stringify(zh('号问题等您办理“%(name)s”，请在期限内办完。', { name: name || '' }))}`,
});

// A property as part of a larger expression.
const expression = (value) => (!value ? 'null' : value.startsWith('=') ? value.slice(1).trim() : JSON.stringify(value));

function owned(given, owner) {
  for (const fresh of Object.values(given).flat()) if (fresh?.$type && !fresh.$parent) fresh.$parent = owner;
  return given;
}

// How far down there is room for something, at `x` and from `y` on.
function free(registry, x, y, width, height) {
  const shapes = registry.filter((each) => !each.waypoints && !each.labelTarget && each.parent && !/Participant|Lane|SubProcess|Process|Collaboration|BoundaryEvent/.test(each.type));
  const over = (one) => one.x < x + width && x < one.x + one.width && one.y < y + height && y < one.y + one.height;
  while (shapes.some(over)) y += STEP;
  return y;
}
