// The form as people will see it: drawn by the server with the templates of the task's page; here its outcomes show what each asks for.
import { groups } from '../../groups.js';
import { _ } from '../../words.js';

const PAUSE = 500; // milliseconds without a change until it is drawn anew

export function preview({ page, box, form, source }) {
  const shown = box.querySelector('[data-shown-form]');
  const said = box.querySelector('[data-said]');
  const asked = box.querySelector('[data-questions]');
  const typed = new Map();
  let timer = 0;
  let mine = 0;

  async function now() {
    clearTimeout(timer);
    const own = (mine += 1);
    const body = form();
    body.append('file', page.dataset.file);
    body.append('diagram', new Blob([await source()]), page.dataset.file);
    body.append('given', JSON.stringify(Object.fromEntries(typed)));
    try {
      const answer = await fetch(box.dataset.preview, { method: 'POST', body, headers: { Accept: 'application/json', 'X-Background': 'yes' } });
      const told = await answer.json();
      if (own !== mine) return;
      said.textContent = answer.ok && told.html ? '' : (told.error ?? _('现在的内容还显示不出来，请先改正错误。'));
      if (!answer.ok || !told.html) return;
      shown.innerHTML = told.html;
      ask(told.questions);
      outcomes(shown.querySelector('form'));
    } catch (error) {
      if (own === mine) said.textContent = _('现在预览不了，请稍后再试。');
    }
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(now, PAUSE);
  }

  function ask(questions) {
    asked.hidden = !questions.length;
    const names = questions.map((each) => each.name).join();
    if (asked.dataset.names === names) return;
    asked.dataset.names = names;
    asked.querySelector('div').replaceChildren(...questions.map(({ name }, index) => {
      const row = document.createElement('div');
      row.className = 'field';
      const label = Object.assign(document.createElement('label'), { htmlFor: `pv-${index}`, textContent: name });
      const input = Object.assign(document.createElement('input'), { id: `pv-${index}`, autocomplete: 'off', value: typed.get(name) ?? '' });
      input.addEventListener('input', () => { typed.set(name, input.value); soon(); });
      row.append(label, input);
      return row;
    }));
  }

  return { now, soon };
}

function outcomes(form) {
  const fields = [...form.querySelectorAll('[data-field]')].filter((field) => !field.closest('[data-entry]'));
  const verbs = [...form.querySelectorAll('button[name=outcome]')];
  const shown = JSON.parse(form.dataset.shown);
  const choose = (outcome) => {
    const now = new Set(shown[outcome] ?? Object.values(shown)[0]);
    for (const field of fields) field.hidden = !now.has(field.dataset.field);
    for (const verb of verbs) verb.classList.toggle('primary', verb.value === outcome);
  };
  for (const verb of verbs) verb.addEventListener('click', () => choose(verb.value));
  for (const note of form.querySelectorAll('[data-without-script]')) note.hidden = true;
  form.addEventListener('submit', (event) => event.preventDefault());
  groups(form, () => {});
  choose(verbs[0]?.value ?? '');
}
