// What the editors of decision files and forms share: a draft that saves itself, what is wrong, and the way on.
import { checking } from './checking.js';
import { saving } from './saving.js';

export const formOf = (page) => () => {
  const body = new FormData();
  body.append('csrf_token', page.dataset.token);
  return body;
};

// `edited`: `{ saveXML, on('commandStack.changed', …) }`, as bpmn-js has it; the rest as in checking.js. `checked` is called after each check.
export function frame({ page, edited, lead, leads, mark, checked = () => {} }) {
  const form = formOf(page);
  const draft = saving(edited, page, form);
  const next = page.querySelector('[data-next]');
  const source = async () => (await edited.saveXML({ format: true })).xml;
  const check = checking({
    page, form, source, lead, leads, mark,
    told: (errors, said) => {
      next.setAttribute('aria-disabled', String(errors !== 0));
      draft.heard(said);
      checked();
    },
  });
  edited.on('commandStack.changed', check.soon);
  for (const link of page.querySelectorAll('[data-next], [data-away]')) {
    link.addEventListener('click', async (event) => {
      event.preventDefault();
      document.activeElement?.blur(); // what is typed is taken over
      if (link === next && next.getAttribute('aria-disabled') === 'true') {
        page.querySelector('[data-check] button')?.focus();
        return;
      }
      if (await draft.save()) window.location.assign(link.href);
    });
  }
  return { draft, check, form, source };
}
