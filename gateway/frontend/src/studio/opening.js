// From a step of the diagram to its decision table or form: opened within the same draft, or made new and chosen at once.
import { _ } from '../words.js';

export function opening(field, input, at, page) {
  const row = document.createElement('div');
  row.className = 'opening';
  const open = button(_('修改所选的'), () => page.away(at().offered.files[input.value]));
  const add = button(field.opens === 'form' ? _('新做一张表单') : _('新做一张决策表'), make);
  const said = document.createElement('span');
  said.setAttribute('role', 'status');
  row.append(open, add, said);

  async function make() {
    add.disabled = true;
    try {
      const body = new FormData();
      body.append('csrf_token', page.dataset.token);
      body.append('kind', field.opens);
      body.append('title', at().node.name || '');
      const answer = await fetch(page.dataset.add, { method: 'POST', body, headers: { Accept: 'application/json' } });
      if (!answer.ok) throw new Error(String(answer.status));
      const { name, decision, title, address } = await answer.json();
      const { offered } = at();
      const value = field.opens === 'form' ? name : decision;
      offered[field.opens === 'form' ? 'forms' : 'decisions'].push([value, title]);
      offered.files[value] = address;
      field.set(at(), value);
      await page.away(address);
    } catch (error) {
      said.textContent = _('没有做成，请稍后再试。');
    }
    add.disabled = false;
  }

  const refresh = () => {
    open.hidden = !at().offered.files?.[input.value];
    add.hidden = Boolean(input.value);
  };
  input.addEventListener('change', refresh);
  requestAnimationFrame(refresh);
  return row;
}

function button(words, act) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'link';
  made.textContent = words;
  made.addEventListener('click', act);
  return made;
}
