// A task's form: drafts that save themselves, fields that show when they are needed, outcomes as buttons.
// Which fields an outcome needs is the server's word (it alone evaluates the form's conditions).
import { groups } from './groups.js';
import { inserting } from './insert.js';
import { presence } from './presence.js';
import { uploads } from './uploads.js';
import { _ } from './words.js';

const QUIET = 800; // milliseconds without a key before a draft is saved

export function taskForm(form) {
  const note = form.querySelector('[data-draft-note]');
  const fields = [...form.querySelectorAll('[data-field]')].filter((field) => !field.closest('[data-entry]'));
  const outcomes = [...form.querySelectorAll('button[name=outcome]')];
  const back = form.querySelector('[data-back]');
  let shown = JSON.parse(form.dataset.shown); // {outcome: [field, …]}; "" when the form has no outcome
  // The first outcome is the usual one: its fields are there from the start, so that it takes one click.
  const usual = outcomes[0]?.value ?? '';
  let chosen = form.dataset.chosen || usual;
  let unsaved = false;
  let timer = 0;

  function refresh() {
    const now = new Set(shown[chosen] ?? Object.values(shown)[0]);
    for (const field of fields) {
      const visible = now.has(field.dataset.field);
      field.hidden = !visible;
      // A hidden field is neither checked nor sent; what was typed in it stays on the page.
      for (const input of field.querySelectorAll('input, textarea, select')) input.disabled = !visible;
    }
    for (const button of outcomes) {
      button.hidden = chosen !== usual && button.value !== chosen;
      button.textContent = chosen !== usual && button.value === chosen ? _('确认%(outcome)s', { outcome: button.dataset.verb }) : button.dataset.verb;
      button.classList.toggle('primary', button.value === chosen);
    }
    if (back) back.hidden = chosen === usual;
  }

  async function save(leaving = false) {
    clearTimeout(timer);
    if (!unsaved) return;
    unsaved = false;
    // Disabled inputs are left out of FormData, but a draft keeps all that was typed.
    const hidden = [...form.querySelectorAll('[data-field] :disabled')];
    for (const input of hidden) input.disabled = false;
    const body = new FormData(form);
    for (const input of hidden) input.disabled = true;
    if (!leaving) note.textContent = _('正在保存草稿…');
    try {
      const answer = await fetch(form.dataset.draft, { method: 'POST', body, keepalive: leaving });
      if (!answer.ok) throw new Error(String(answer.status));
      const { saved, shown: fresh } = await answer.json();
      shown = fresh;
      refresh();
      note.textContent = _('草稿已保存 %(at)s', { at: saved });
    } catch (error) {
      unsaved = true;
      note.textContent = _('草稿没有保存成功，请勿关闭本页；联网后会再试。');
      timer = setTimeout(save, 5000);
    }
  }

  function typed(wait) {
    unsaved = true;
    note.textContent = _('有未保存的内容');
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  }

  uploads(form);
  groups(form, () => typed(0));
  inserting(form);
  presence(form);
  form.addEventListener('input', (event) => { if (event.target.type !== 'file') typed(QUIET); });
  form.addEventListener('change', (event) => { if (event.target.matches('select, [type=radio], [type=checkbox]')) typed(0); });
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') save(true); });
  window.addEventListener('beforeunload', (event) => { if (unsaved && !form.dataset.sent) { save(true); } });
  window.addEventListener('online', () => save());

  for (const button of outcomes) {
    button.addEventListener('click', (event) => {
      const wanted = shown[button.value] ?? [];
      const visible = new Set(shown[chosen]);
      if (button.value === chosen || wanted.every((name) => visible.has(name))) return; // goes out as it is
      event.preventDefault();
      chosen = button.value;
      refresh();
      const first = fields.find((field) => wanted.includes(field.dataset.field) && !visible.has(field.dataset.field));
      first?.querySelector('input, textarea, select')?.focus();
    });
  }
  // Enter in a field is what the button in sight does.
  form.querySelector('[data-default]')?.addEventListener('click', (event) => {
    event.preventDefault();
    (outcomes.find((button) => button.value === chosen) ?? form.querySelector('[data-submit]'))?.click();
  });
  back?.addEventListener('click', () => { chosen = usual; refresh(); outcomes[0]?.focus(); });
  form.addEventListener('submit', () => { clearTimeout(timer); unsaved = false; });
  for (const element of form.querySelectorAll('[data-without-script]')) element.hidden = true;
  refresh();
  if ([...form.querySelectorAll('input, textarea, select')].some(isTouched)) typed(0);
}

// Whether somebody has been quicker than this script.
function isTouched(input) {
  if (input.type === 'file' || input.type === 'select-multiple') return false;
  if (input.type === 'checkbox' || input.type === 'radio') return input.checked !== input.defaultChecked;
  if (input.options) return input.selectedIndex !== Math.max(0, [...input.options].findIndex((option) => option.defaultSelected));
  return input.value !== input.defaultValue;
}
