// A task's form: drafts that save themselves, fields that show when they are needed, outcomes as buttons.
// Which fields an outcome needs is the server's word (it alone evaluates the form's conditions).
const QUIET = 800; // milliseconds without a key before a draft is saved

export function taskForm(form) {
  const note = form.querySelector('[data-draft-note]');
  const fields = [...form.querySelectorAll('[data-field]')];
  const outcomes = [...form.querySelectorAll('button[name=outcome]')];
  const back = form.querySelector('[data-back]');
  let shown = JSON.parse(form.dataset.shown); // {outcome: [field, …]}; "" when the form has no outcome
  let chosen = form.dataset.chosen || '';
  let unsaved = false;
  let timer = 0;

  function common() {
    const all = Object.values(shown);
    return new Set(all.length ? all[0].filter((name) => all.every((one) => one.includes(name))) : []);
  }

  function extra(outcome) {
    const always = common();
    return (shown[outcome] ?? []).filter((name) => !always.has(name));
  }

  function refresh() {
    const now = chosen ? new Set(shown[chosen]) : common();
    for (const field of fields) {
      const visible = now.has(field.dataset.field);
      field.hidden = !visible;
      // A hidden field is neither checked nor sent; what was typed in it stays on the page.
      for (const input of field.querySelectorAll('input, textarea, select')) input.disabled = !visible;
    }
    for (const button of outcomes) {
      button.hidden = Boolean(chosen) && button.value !== chosen;
      button.textContent = chosen && button.value === chosen && extra(chosen).length ? `确认${button.dataset.verb}` : button.dataset.verb;
    }
    if (back) back.hidden = !chosen;
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
    if (!leaving) note.textContent = '正在保存草稿…';
    try {
      const answer = await fetch(form.dataset.draft, { method: 'POST', body, keepalive: leaving });
      if (!answer.ok) throw new Error(String(answer.status));
      const { saved, shown: fresh } = await answer.json();
      shown = fresh;
      refresh();
      note.textContent = `草稿已保存 ${saved}`;
    } catch (error) {
      unsaved = true;
      note.textContent = '草稿没有保存成功，请勿关闭本页；联网后会再试。';
      timer = setTimeout(save, 5000);
    }
  }

  function typed(wait) {
    unsaved = true;
    note.textContent = '有未保存的内容';
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  }

  form.addEventListener('input', () => typed(QUIET));
  form.addEventListener('change', (event) => { if (event.target.matches('select, [type=radio], [type=checkbox]')) typed(0); });
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') save(true); });
  window.addEventListener('beforeunload', (event) => { if (unsaved && !form.dataset.sent) { save(true); } });
  window.addEventListener('online', () => save());

  for (const button of outcomes) {
    button.addEventListener('click', (event) => {
      if (chosen === button.value || !extra(button.value).length) return; // goes out as it is
      event.preventDefault();
      chosen = button.value;
      refresh();
      fields.find((field) => extra(chosen).includes(field.dataset.field))?.querySelector('input, textarea, select')?.focus();
    });
  }
  back?.addEventListener('click', () => { chosen = ''; refresh(); outcomes[0]?.focus(); });
  form.addEventListener('submit', () => { clearTimeout(timer); unsaved = false; });
  for (const element of form.querySelectorAll('[data-without-script]')) element.hidden = true;
  refresh();
}
