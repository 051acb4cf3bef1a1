// The controls of what is said of a field, made of the data in fields.js.
import { _ } from '../../words.js';
import { outcomesIn, outcomesOf, showFor } from './model.js';

// `at()`: the field that is looked at; `change(act)`: one step that can be undone; `redraw()`: the next drawing is of all controls.
export function control(field, at, change, redraw) {
  if (field.kind === 'choices') return choices(field, at, change, redraw);
  if (field.kind === 'shown') return shown(field, at, change);
  const id = `fe-${field.key}`;
  const row = make('div', '', field.kind === 'yes' ? 'field yes' : 'field');
  const label = make('label', field.label);
  label.htmlFor = id;
  const input = document.createElement({ area: 'textarea', code: 'textarea', choose: 'select' }[field.kind] ?? 'input');
  input.id = id;
  if (field.kind === 'yes') { input.type = 'checkbox'; input.checked = field.get(at()); } else fill(input, field, at);
  input.addEventListener('change', () => {
    const value = field.kind === 'yes' ? input.checked : input.value;
    if (value !== field.get(at()) && String(value) !== String(field.get(at()))) change(() => field.set(at(), value));
  });
  row.append(...(field.kind === 'yes' ? [input, label] : [label, input]));
  if (field.hint) {
    const hint = make('div', field.hint, 'hint');
    hint.id = `${id}-hint`;
    input.setAttribute('aria-describedby', hint.id);
    row.append(hint);
  }
  return row;
}

function fill(input, field, at) {
  if (field.kind === 'choose') input.append(...field.options(at()).map(([value, name]) => new Option(name, value)));
  else { input.autocomplete = 'off'; input.spellcheck = false; }
  if (field.kind === 'number') { input.type = 'number'; input.step = 'any'; }
  if (input.tagName === 'TEXTAREA') input.rows = field.kind === 'code' && String(field.get(at())).length < 60 ? 1 : 3;
  if (field.kind === 'code') input.classList.add('mono');
  input.value = field.get(at());
}

// A list of choices: what people read, its English, and what is kept.
function choices(field, at, change, redraw) {
  const box = make('div', '', 'field choices-list');
  box.append(make('div', field.label, 'label'));
  const put = (act) => change(() => { const fresh = field.get(at()).map((each) => ({ ...each })); act(fresh); field.set(at(), fresh); });
  field.get(at()).forEach((each, index) => {
    const row = make('div', '', 'choice-row');
    const place = { index: index + 1 };
    const cell = (key, words, value) => {
      const input = document.createElement('input');
      input.value = value;
      input.autocomplete = 'off';
      input.id = `fe-choice-${index}-${key}`;
      input.placeholder = words;
      input.setAttribute('aria-label', _('第 %(index)s 项：%(what)s', { ...place, what: words }));
      input.addEventListener('change', () => put((fresh) => { if (input.value) fresh[index][key] = input.value; else if (key === 'const') fresh[index].const = ''; else delete fresh[index][key]; }));
      return input;
    };
    row.append(cell('title', _('标题'), each.title ?? ('title' in each ? '' : String(each.const))), cell('x-title-en', _('英文标题'), each['x-title-en'] ?? ''), cell('const', _('存成什么'), String(each.const)));
    const up = button('↑', _('上移第 %(index)s 项', place), () => { redraw(); put((fresh) => fresh.splice(index - 1, 0, ...fresh.splice(index, 1))); });
    up.id = `fe-choice-${index}-up`;
    up.disabled = index === 0;
    row.append(up, button('×', _('删除第 %(index)s 项', place), () => put((fresh) => fresh.splice(index, 1))));
    box.append(row);
  });
  const add = button(_('加一个选项'), '', () => put((fresh) => fresh.push({ const: free(fresh), title: '' })));
  add.id = 'fe-choice-add';
  box.append(add);
  return box;
}

function free(list) {
  let number = list.length + 1;
  while (list.some((each) => each.const === `option_${number}`)) number += 1;
  return `option_${number}`;
}

// Always, with some of the outcomes, or by an expression.
function shown(field, at, change) {
  const box = make('fieldset', '', 'field shown');
  box.append(make('legend', field.label, 'sr'));
  const now = field.get(at());
  const outcomes = outcomesOf(at().schema);
  const named = now ? outcomesIn(now) : [];
  const plain = named !== null && named.every((each) => outcomes.some((one) => one.const === each));
  if (outcomes.length && plain) {
    box.append(make('div', _('作哪种决定时要填？都不选就是总要填'), 'hint'));
    outcomes.forEach((each, index) => {
      const label = make('label', '', 'tick');
      const input = document.createElement('input');
      input.type = 'checkbox';
      input.id = `fe-show-${index}`;
      input.checked = named.includes(each.const);
      input.addEventListener('change', () => {
        const wanted = outcomes.map((one) => one.const).filter((one) => (one === each.const ? input.checked : named.includes(one)));
        change(() => field.set(at(), wanted.length ? showFor(wanted) : ''));
      });
      label.append(input, ` ${each.title || each.const}`);
      box.append(label);
    });
  }
  const expression = control({ key: 'x-show', label: _('条件（表达式）'), kind: 'code', hint: _('以 = 开头的 FEEL，只看本表单的其他项；空着就是总要填'), get: field.get, set: field.set }, at, change);
  if (outcomes.length && plain) {
    const more = document.createElement('details');
    more.append(make('summary', _('换成别的条件')), expression);
    box.append(more);
  } else box.append(expression);
  return box;
}

export function button(words, label, act) {
  const made = make('button', words);
  made.type = 'button';
  if (label) made.setAttribute('aria-label', label);
  made.addEventListener('click', act);
  return made;
}

export function make(tag, words, className = '') {
  const element = document.createElement(tag);
  if (words) element.append(words);
  if (className) element.className = className;
  return element;
}
