// The fields of the selected element: plain controls, made of the data in fields.js.
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { _ } from '../words.js';
import { groupsOf } from './fields.js';
import { opening } from './opening.js';
import { remind } from './reminding.js';

const ROOM = 200; // pixels between two tasks that another one fits between
const ACTS = { remind };
const PAUSE = 600; // milliseconds without a key until what is typed is taken over

const KINDS = {
  'bpmn:Process': _('流程'), 'bpmn:Participant': _('流程'), 'bpmn:Lane': _('泳道'),
  'bpmn:UserTask': _('人工任务'), 'bpmn:ServiceTask': _('系统任务'), 'bpmn:BusinessRuleTask': _('决策任务'), 'bpmn:ScriptTask': _('脚本任务'),
  'bpmn:CallActivity': _('调用流程'), 'bpmn:SubProcess': _('子流程'), 'bpmn:StartEvent': _('开始事件'), 'bpmn:EndEvent': _('结束事件'),
  'bpmn:BoundaryEvent': _('附着的事件'), 'bpmn:IntermediateCatchEvent': _('等待'), 'bpmn:IntermediateThrowEvent': _('中间事件'),
  'bpmn:ExclusiveGateway': _('选一条走'), 'bpmn:ParallelGateway': _('同时走'), 'bpmn:InclusiveGateway': _('走成立的几条'), 'bpmn:EventBasedGateway': _('看谁先发生'),
  'bpmn:SequenceFlow': _('连线'), 'bpmn:TextAnnotation': _('注释'),
};

export function panel(modeler, box, offered) {
  const selection = modeler.get('selection');
  const canvas = modeler.get('canvas');
  modeler.get('commandStack').registerHandler('studio.together', function Together() { this.preExecute = ({ steps }) => steps(); });
  const editor = editing(modeler, () => current);
  let current = null;
  let shown = []; // the fields with their controls
  const waiting = new Map(); // what is typed and not taken over yet

  const at = () => ({ element: current, node: current.businessObject, editor, offered });

  function select() {
    takeOver();
    const chosen = selection.get();
    current = chosen.length === 1 ? (chosen[0].labelTarget ?? chosen[0]) : canvas.getRootElement();
    draw(chosen.length);
  }

  function draw(count) {
    shown = [];
    box.replaceChildren(); // a field that goes with something typed in it says once more that it has changed
    const nothing = count !== 1;
    const title = make('h2', nothing ? (count ? _('选中了 %(count)s 个', { count }) : _('整个流程图')) : called(current.businessObject));
    const what = KINDS[current.businessObject.$type];
    if (!nothing && what && current.businessObject.name) title.append(make('span', what, 'tag'));
    box.append(title);
    if (!count) box.append(make('p', _('点一下图上的环节或连线，就在这里改它。'), 'quiet'));
    if (count > 1) return;
    if (is(current.businessObject, 'bpmn:SequenceFlow')) box.append(insertion());
    for (const group of groupsOf(at())) {
      const part = make('fieldset', '', 'studio-group');
      part.append(make('legend', group.title));
      for (const field of group.fields) part.append(control(field));
      if (group.act) part.append(acting(group.act));
      if (group.fields.length) box.append(part);
    }
  }

  // What takes several shapes is drawn by one button; the first of them is selected, so that its fields are there.
  function acting({ name, label }) {
    const button = make('button', label);
    button.type = 'button';
    button.addEventListener('click', () => {
      takeOver();
      const shape = ACTS[name](modeler, current, editor);
      selection.select(shape);
      canvas.scrollToElement(shape, 80);
      box.querySelector('textarea')?.focus();
    });
    return button;
  }

  // Somebody without a mouse can put a task between two others as well.
  function insertion() {
    const button = make('button', _('在这条线上插入一个人工任务'));
    button.type = 'button';
    button.addEventListener('click', () => {
      const shape = insert(modeler, current, editor);
      selection.select(shape);
      canvas.scrollToElement(shape, 80);
      box.querySelector('textarea')?.focus();
    });
    return button;
  }

  function control(field) {
    const id = `at-${field.key.replace(/\W/g, '-')}`;
    const row = make('div', '', field.kind === 'yes' ? 'field yes' : 'field');
    const label = make('label', field.label);
    label.htmlFor = id;
    if (typeof field.code === 'string' && field.code !== field.label) label.append(make('code', field.code));
    if (field.required) label.append(make('span', _('必填'), 'required'));
    const input = inputOf(field, id);
    const now = field.get(at());
    fill(input, field, now);
    if (field.kind === 'yes') row.append(input, label);
    else row.append(label, input);
    if (field.hint) {
      const hint = make('div', field.hint, 'hint');
      hint.id = `${id}-hint`;
      input.setAttribute('aria-describedby', hint.id);
      row.append(hint);
    }
    if (field.opens) row.append(opening(field, input, at, document.querySelector('[data-studio]')));
    if (field.kind === 'suggest') row.append(suggestions(field, input));
    input.addEventListener('change', () => take(field, input));
    input.addEventListener('input', () => {
      clearTimeout(waiting.get(field)?.timer);
      waiting.set(field, { input, timer: setTimeout(() => take(field, input), PAUSE) });
      grow(input);
    });
    shown.push({ field, input });
    return row;
  }

  function inputOf(field, id) {
    const input = document.createElement({ area: 'textarea', choose: 'select' }[field.kind] ?? 'input');
    input.id = id;
    if (field.kind === 'yes') input.type = 'checkbox';
    if (field.kind === 'area') input.rows = 1;
    if (input.tagName !== 'SELECT' && field.kind !== 'yes') input.autocomplete = 'off';
    if (field.kind === 'area' || field.kind === 'text') input.spellcheck = false;
    if (field.code === true) input.classList.add('mono');
    return input;
  }

  function fill(input, field, value) {
    if (field.kind === 'yes') { input.checked = Boolean(value); return; }
    if (field.kind === 'choose') offer(input, field, value);
    input.value = value;
    input.dataset.was = value;
    requestAnimationFrame(() => grow(input));
  }

  function offer(input, field, value) {
    const options = field.options(at());
    const known = options.some(([each]) => each === value);
    const all = [...(field.plain ? [] : [['', '']]), ...(known || !value ? [] : [[value, '']]), ...options];
    input.replaceChildren(...all.map(([each, name]) => new Option(!each ? _('请选择') : name && !field.plain ? `${name} (${each})` : name || each, each)));
  }

  function suggestions(field, input) {
    const list = document.createElement('datalist');
    list.id = `${input.id}-list`;
    list.append(...field.options(at()).map(([value, name]) => Object.assign(document.createElement('option'), { value, textContent: name })));
    input.setAttribute('list', list.id);
    return list;
  }

  // Into the diagram, as one step that can be undone.
  function take(field, input) {
    clearTimeout(waiting.get(field)?.timer);
    waiting.delete(field);
    if (!shown.some((each) => each.field === field)) return;
    const value = field.kind === 'yes' ? input.checked : input.value;
    if (value !== field.get(at())) field.set(at(), value);
  }

  function takeOver() {
    for (const [field, { input }] of [...waiting]) take(field, input);
  }

  // The diagram has changed by a command, maybe from here: fields that appear or go are drawn anew, others keep the focus.
  function refresh() {
    const element = current && (modeler.get('elementRegistry').get(current.id) ?? null);
    if (!element) return select();
    current = element;
    const keys = groupsOf(at()).flatMap((group) => group.fields.map((field) => field.key)).join();
    const focused = document.activeElement?.id;
    if (keys !== shown.map(({ field }) => field.key).join()) {
      draw(selection.get().length);
      document.getElementById(focused)?.focus();
      return undefined;
    }
    for (const { field, input } of shown) {
      if (!waiting.has(field) && field.get(at()) !== (field.kind === 'yes' ? input.checked : input.value)) fill(input, field, field.get(at()));
    }
    const title = box.querySelector('h2')?.firstChild;
    if (title && selection.get().length === 1) title.textContent = called(current.businessObject);
    return undefined;
  }

  modeler.on('selection.changed', select);
  modeler.on('root.set', select);
  modeler.on('commandStack.changed', refresh);
  select();
  return { takeOver, refresh, editorOf: (element) => editing(modeler, element) };
}

const called = (node) => node.name || KINDS[node.$type] || node.id;

function make(tag, words, className = '') {
  const element = document.createElement(tag);
  if (words) element.append(words);
  if (className) element.className = className;
  return element;
}

// A user task on a connection; what lies to the right of it makes room.
function insert(modeler, flow, editor) {
  const [elements, modeling, space] = ['elementFactory', 'modeling', 'spaceTool'].map((each) => modeler.get(each));
  const shape = elements.createShape({ type: 'bpmn:UserTask' });
  editor.together(() => {
    const room = ROOM - (flow.target.x - flow.source.x - flow.source.width);
    const edge = flow.source.x + flow.source.width + 5;
    if (room > 0 && flow.target.x > edge) {
      const all = modeler.get('elementRegistry').filter((each) => each.parent);
      const { movingShapes, resizingShapes } = space.calculateAdjustments(all, 'x', room, edge);
      modeling.createSpace(movingShapes, resizingShapes, { x: room, y: 0 }, 'e', edge);
    }
    const [a, b] = flow.waypoints.slice(Math.floor((flow.waypoints.length - 1) / 2));
    modeling.createShape(shape, { x: Math.round((a.x + b.x) / 2), y: Math.round((a.y + b.y) / 2) }, flow);
  });
  return shape;
}

// As high as what is in it, within reason.
function grow(input) {
  if (input.tagName !== 'TEXTAREA') return;
  input.style.height = 'auto';
  input.style.height = `${Math.min(220, input.scrollHeight + 2)}px`;
}

// Ways to change the diagram, each a command on bpmn-js's stack.
function editing(modeler, element) {
  const modeling = modeler.get('modeling');
  const factory = modeler.get('bpmnFactory');
  const stack = modeler.get('commandStack');
  return {
    moddle: modeler.get('moddle'),
    create: (type, given) => factory.create(type, given),
    properties: (one, given) => modeling.updateProperties(one, given),
    update(node, given) {
      for (const fresh of Object.values(given).flat()) if (fresh?.$type && !fresh.$parent) fresh.$parent = node;
      modeling.updateModdleProperties(element(), node, given);
    },
    together: (steps) => stack.execute('studio.together', { steps }),
    // A message, error … of the file by its name, or a new one; nothing for an empty name.
    root(type, key, value) {
      if (!value) return undefined;
      const definitions = modeler.getDefinitions();
      const known = definitions.rootElements.find((each) => is(each, type) && each[key] === value);
      if (known) return known;
      const fresh = factory.create(type, { name: value, [key]: value });
      fresh.$parent = definitions;
      modeling.updateModdleProperties(element(), definitions, { rootElements: [fresh, ...definitions.rootElements] });
      return fresh;
    },
  };
}
