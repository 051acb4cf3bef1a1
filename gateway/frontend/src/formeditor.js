// The editor of forms: its fields as a list, what is said of the one looked at, what is wrong with it, and the form as people will see it.
import './studio.css';
import './studio/forms.css';
import { frame } from './studio/frame.js';
import { button, control, make } from './studio/forms/controls.js';
import { GROUPS, KIND_NAMES, OUTCOME_NAME } from './studio/forms/fields.js';
import * as model from './studio/forms/model.js';
import { preview } from './studio/forms/preview.js';
import { _ } from './words.js';

const page = document.querySelector('[data-studio]');
const list = page.querySelector('[data-list]');
const panel = page.querySelector('[data-fields]');
const LARGEST_STEPS = 200; // steps that can be undone

function open() {
  const original = JSON.parse(document.getElementById('file').textContent);
  let schema;
  try {
    schema = JSON.parse(original);
    if (schema?.type !== 'object' || typeof schema.properties !== 'object' || Object.values(schema.properties).some((each) => typeof each !== 'object')) throw new Error('no form');
  } catch (error) {
    page.querySelector('[data-status]').hidden = false;
    page.dataset.ready = 'failed';
    return;
  }
  const listeners = [];
  let text = original;
  let past = [];
  let future = [];
  let chosen = null; // [name] or [group, column]; null: the form as a whole
  let findings = [];

  let drawn = ''; // which controls there are
  const head = make('div', '');
  const body = make('div', '');
  panel.replaceChildren(head, body);

  const written = () => `${JSON.stringify(schema, null, 2)}\n`;

  // ---- changes, each a step that can be undone ----

  function change(act) {
    const before = [text, chosen];
    act();
    if (written() === text) return;
    past = [...past, before].slice(-LARGEST_STEPS);
    future = [];
    changed();
  }

  function changed() {
    text = written();
    draw();
    listeners.forEach((each) => each());
  }

  function step(from, to) {
    const [before, at] = from.pop();
    to.push([text, chosen]);
    schema = JSON.parse(before);
    chosen = at && model.fieldAt(schema, at) ? at : null;
    text = before;
    drawn = '';
    draw();
    listeners.forEach((each) => each());
  }

  const at = () => {
    const path = chosen;
    const field = path ? model.fieldAt(schema, path) : schema;
    return {
      schema, path, field, kind: path && model.kindOf(field),
      replace(fresh) { model.holderOf(schema, path).properties[path.at(-1)] = fresh; },
      rename(name) { if (/^[A-Za-z_]\w*$/.test(name) && model.rename(schema, path, name)) chosen = [...path.slice(0, -1), name]; },
    };
  };

  // ---- the list ----

  function draw() {
    const focused = document.activeElement?.id;
    const items = [];
    const entry = (path, words, tag) => {
      const key = path?.join('.') ?? '';
      const item = make('li', '', path?.length > 1 ? 'inner' : '');
      const pick = button('', '', () => { chosen = path; draw(); });
      pick.id = `fe-item-${key}`;
      pick.append(make('span', words));
      if (tag) pick.append(make('span', tag, 'quiet small'));
      if (path && model.isRequired(schema, path)) pick.append(make('span', _('必填'), 'tag'));
      const worst = findings.find((each) => (each.element ?? '') === key);
      if (worst) {
        const sign = make('span', worst.severity === 'error' ? '!' : '?', `finding-sign ${worst.severity}`);
        sign.title = worst.text;
        pick.append(sign);
      }
      if ((chosen?.join('.') ?? '') === key) pick.setAttribute('aria-current', 'true');
      pick.addEventListener('keydown', (event) => {
        const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (!by || !path || !event.altKey) return;
        event.preventDefault();
        chosen = path;
        change(() => model.move(schema, path, by));
      });
      item.append(pick);
      items.push(item);
    };
    entry(null, schema.title || _('整张表单'), _('整张表单'));
    for (const [name, field] of Object.entries(schema.properties)) {
      entry([name], field.title || name, name === model.OUTCOME ? OUTCOME_NAME : KIND_NAMES[model.kindOf(field)]);
      if (!model.isGroup(field)) continue;
      for (const [column, inner] of Object.entries(field.items.properties ?? {})) entry([name, column], inner.title || column, KIND_NAMES[model.kindOf(inner)]);
    }
    list.replaceChildren(...items);
    page.querySelector('[data-tool=undo]').disabled = !past.length;
    page.querySelector('[data-tool=redo]').disabled = !future.length;
    const group = chosen && model.isGroup(schema.properties[chosen[0]] ?? {}) ? schema.properties[chosen[0]] : null;
    const into = page.querySelector('[data-into]');
    into.hidden = !group;
    into.querySelector('span').textContent = group ? _('加到“%(name)s”这一组里', { name: group.title || chosen[0] }) : '';
    page.querySelector('[data-add-outcome]').hidden = model.OUTCOME in schema.properties;
    details();
    if (focused) document.getElementById(focused)?.focus();
  }

  // ---- what is said of the one looked at ----

  // The controls are drawn anew only when there are others: what somebody is typing in must stay.
  function details() {
    const here = at();
    const groups = GROUPS.filter((group) => !group.when || group.when(here))
      .map((group) => [group.title, group.fields.filter((each) => !each.when || each.when(here))])
      .filter(([, fields]) => fields.length);
    const keys = groups.flatMap(([, fields]) => fields.map((each) => each.key));
    const choices = keys.includes('choices') ? model.choicesOf(here.field).length : 0;
    const now = JSON.stringify([here.path, here.kind, keys, choices, here.field['x-show'], model.outcomesOf(schema)]);
    if (now !== drawn) {
      drawn = now;
      body.replaceChildren(...groups.map(([title, fields]) => {
        const part = make('fieldset', '', 'studio-group');
        part.append(make('legend', title), ...fields.map((each) => control(each, at, change, () => { drawn = ''; })));
        return part;
      }));
    }
    const title = here.path ? here.field.title || here.path.at(-1) : _('整张表单');
    const wrong = findings.filter((each) => (each.element ?? '') === (here.path?.join('.') ?? ''));
    const said = wrong.map((each) => {
      const words = make('p', each.text, `at-field ${each.severity}`);
      words.append(' ', make('span', each.remedy, 'quiet'));
      return words;
    });
    head.replaceChildren(make('h2', title), ...said, ...(here.path ? [acts(here.path)] : []));
  }

  function acts(path) {
    const row = make('div', '', 'acts');
    const names = Object.keys(model.holderOf(schema, path).properties);
    const index = names.indexOf(path.at(-1));
    const tools = [
      ['fe-up', _('上移'), () => change(() => model.move(schema, path, -1)), index === 0],
      ['fe-down', _('下移'), () => change(() => model.move(schema, path, 1)), index === names.length - 1],
      ['fe-drop', _('删除这一项'), () => { const near = names[index + 1] ?? names[index - 1]; change(() => { model.remove(schema, path); chosen = near ? [...path.slice(0, -1), near] : path.slice(0, -1); if (!chosen.length) chosen = null; }); list.querySelector('[aria-current]')?.focus(); }, false],
    ];
    for (const [id, words, act, off] of tools) {
      const made = button(words, '', act);
      made.id = id;
      made.disabled = off;
      row.append(made);
    }
    return row;
  }

  // ---- adding ----

  function add(field, name, into = []) {
    change(() => { model.add(schema, into, field, name); chosen = [...into, name]; });
    document.getElementById('fe-title')?.focus();
  }

  const kinds = page.querySelector('[data-kind]');
  const within = page.querySelector('[data-into] input');
  kinds.append(...model.KINDS.map((each) => new Option(KIND_NAMES[each], each)));
  page.querySelector('[data-add-field]').addEventListener('click', () => {
    const group = !page.querySelector('[data-into]').hidden && within.checked ? [chosen[0]] : [];
    const kind = group.length && !model.IN_ROWS.includes(kinds.value) ? 'text' : kinds.value;
    const holder = group.length ? schema.properties[group[0]].items : schema;
    const field = { ...model.shaped(kind, { title: _('新的一项') }, group.length > 0) };
    add(field, model.freeName(holder), group);
  });
  page.querySelector('[data-add-outcome]').addEventListener('click', () => {
    const outcome = { type: 'string', title: _('您的决定'), oneOf: [{ const: 'done', title: _('办结') }, { const: 'back', title: _('退回') }] };
    change(() => {
      schema.properties = { [model.OUTCOME]: outcome, ...schema.properties };
      model.oblige(schema, [model.OUTCOME], true);
      chosen = [model.OUTCOME];
    });
  });
  page.querySelector('[data-tool=undo]').addEventListener('click', () => step(past, future));
  page.querySelector('[data-tool=redo]').addEventListener('click', () => step(future, past));

  // ---- saved, checked, shown ----

  const known = ({ element }) => !element || Boolean(pathOf(element));
  const pathOf = (element) => {
    if (element in schema.properties) return [element];
    const dot = element.indexOf('.');
    const path = [element.slice(0, dot), element.slice(dot + 1)];
    return dot > 0 && path[0] in schema.properties && model.fieldAt(schema, path) ? path : null;
  };
  const edited = { saveXML: async () => ({ xml: text }), on: (event, told) => listeners.push(told) };
  let shown = null;
  const { check, form, source } = frame({
    page, edited,
    leads: known,
    lead: ({ element }) => { chosen = element ? pathOf(element) : null; draw(); panel.scrollIntoView({ block: 'nearest' }); panel.querySelector('.at-field')?.scrollIntoView({ block: 'nearest' }); document.getElementById(`fe-item-${element ?? ''}`)?.focus(); },
    mark: (found) => { findings = found; draw(); },
  });
  shown = preview({ page, box: page.querySelector('[data-preview]'), form, source });
  listeners.push(shown.soon);
  draw();
  Promise.all([check.now(), shown.now()]).then(() => { page.dataset.ready = 'yes'; });
  page.modeler = { // for whoever looks at the page by its tools
    importXML: async (given) => { schema = JSON.parse(given); text = written(); return { warnings: [] }; },
    saveXML: edited.saveXML,
  };
}

open();
