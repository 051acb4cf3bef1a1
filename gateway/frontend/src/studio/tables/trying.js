// Try it: what the open decision asks for, and which rows hit. The server decides, with the engine's own tables.
import { _ } from '../../words.js';

export function trying({ page, box, form, source, decision, nameOf, columnOf, hit }) {
  const asked = box.querySelector('[data-questions]');
  const outcome = box.querySelector('[data-outcome]');
  const typed = new Map();

  async function send(given) {
    const body = form();
    body.append('file', page.dataset.file);
    body.append('decision', decision() ?? '');
    body.append('diagram', new Blob([await source()]), page.dataset.file);
    if (given) body.append('given', JSON.stringify(given));
    const answer = await fetch(box.dataset.try, { method: 'POST', body, headers: { Accept: 'application/json', 'X-Background': 'yes' } });
    return [answer.ok, await answer.json()];
  }

  // What is asked for may have changed with the table.
  async function refresh() {
    box.hidden = !decision();
    if (!decision()) return;
    try {
      const [ok, said] = await send();
      if (ok) ask(said.questions);
    } catch (error) { /* the check says so */ }
  }

  function ask(questions) {
    const names = questions.map((each) => each.name).join();
    if (asked.dataset.names === names) return;
    asked.dataset.names = names;
    asked.replaceChildren(...questions.map(control));
    hit([]);
    outcome.replaceChildren();
  }

  function control({ name, type, label }, index) {
    const row = document.createElement('div');
    row.className = 'field';
    const words = document.createElement('label');
    words.htmlFor = `try-${index}`;
    words.textContent = label || name;
    if (label) words.append(Object.assign(document.createElement('code'), { textContent: name }));
    const input = document.createElement(type === 'boolean' ? 'select' : 'input');
    input.id = words.htmlFor;
    input.dataset.question = name;
    if (type === 'boolean') input.append(new Option(_('（空）'), ''), new Option(_('是'), 'true'), new Option(_('否'), 'false'));
    else { input.autocomplete = 'off'; input.inputMode = type === 'number' ? 'decimal' : 'text'; }
    input.value = typed.get(name) ?? '';
    input.addEventListener('input', () => typed.set(name, input.value));
    row.append(words, input);
    return row;
  }

  async function decide(event) {
    event.preventDefault();
    const given = Object.fromEntries([...asked.querySelectorAll('[data-question]')].map((each) => [each.dataset.question, each.value]));
    outcome.textContent = _('正在试算…');
    try {
      const [ok, said] = await send(given);
      if (ok) show(said);
      else { hit([]); outcome.textContent = said.error; }
    } catch (error) {
      outcome.textContent = _('现在试算不了，请稍后再试。');
    }
  }

  function show({ value, outputs, rules }) {
    hit(rules.map((each) => each.id));
    const here = rules.filter((each) => each.decision === decision());
    const others = rules.filter((each) => each.decision !== decision());
    const head = document.createElement('p');
    const strong = document.createElement('strong');
    strong.textContent = here.length ? _('命中第 %(rows)s 行', { rows: here.map((each) => each.row).join(_('、')) }) : _('没有命中任何一行');
    head.append(strong);
    if (here.length === 1 && here[0].annotation) head.append(make('br'), here[0].annotation);
    const list = document.createElement('dl');
    for (const [name, each] of Object.entries(outputs ?? { [_('结果')]: value })) {
      list.append(make('dt', columnOf(name)), make('dd', spoken(each)));
    }
    outcome.replaceChildren(head, list);
    if (others.length) {
      const words = others.map((each) => _('“%(name)s”第 %(row)s 行', { name: nameOf(each.decision), row: each.row }));
      outcome.append(make('p', _('先后用到：%(rows)s', { rows: words.join(_('、')) })));
    }
  }

  box.querySelector('form').addEventListener('submit', decide);
  return { refresh };
}

function make(tag, words) {
  return Object.assign(document.createElement(tag), { textContent: words });
}

function spoken(value) {
  if (value === null || value === undefined) return _('（空）');
  if (typeof value === 'boolean') return value ? _('是') : _('否');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
