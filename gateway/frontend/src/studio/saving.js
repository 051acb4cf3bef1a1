// A draft saves itself. When another window has saved it meanwhile, nothing is written until somebody has chosen.
import { _ } from '../words.js';

const PAUSE = 1000; // milliseconds without a change until it is saved
const AGAIN = 10000; // until it is tried again

export function saving(modeler, page, form, kept = () => {}) {
  const status = page.querySelector('[data-saved]');
  const conflict = page.querySelector('[data-conflict]');
  let revision = Number(page.dataset.revision);
  let elsewhere = null; // the revision of another window
  let dirty = false;
  let timer = 0;
  let going = null;

  function soon(pause = PAUSE) {
    clearTimeout(timer);
    timer = setTimeout(save, pause);
  }

  function changed() {
    dirty = true;
    status.textContent = _('有未保存的内容');
    if (elsewhere === null) soon();
  }

  // One at a time: the next is made of the revision that this one makes.
  async function save() {
    clearTimeout(timer);
    if (going) { await going; }
    if (!dirty || elsewhere !== null) return !dirty;
    going = send();
    const done = await going;
    going = null;
    return done;
  }

  async function send() {
    dirty = false;
    status.textContent = _('正在保存草稿…');
    try {
      const { xml } = await modeler.saveXML({ format: true });
      const body = form();
      body.append('revision', revision);
      body.append('file', page.dataset.file);
      body.append('diagram', new Blob([xml], { type: 'application/xml' }), 'diagram.bpmn');
      const answer = await fetch(page.dataset.save, { method: 'POST', body, headers: { Accept: 'application/json' } });
      const said = await answer.json();
      if (answer.ok) {
        revision = said.revision;
        kept();
        if (!dirty) status.textContent = _('草稿已保存 %(at)s', { at: said.saved });
        return true;
      }
      dirty = true;
      if (answer.status === 409 && said.revision !== undefined) ask(said);
      else status.textContent = said.error;
      if (answer.status >= 500) soon(AGAIN);
    } catch (error) {
      dirty = true;
      status.textContent = _('草稿没有保存成功，请勿关闭本页；联网后会再试。');
      soon(AGAIN);
    }
    return false;
  }

  function ask(said) {
    elsewhere = said.revision;
    conflict.hidden = false;
    conflict.querySelector('[data-when]').textContent = said.saved;
    conflict.querySelector('[data-mine]').hidden = !dirty;
    conflict.querySelector('[data-keep]').hidden = !dirty;
    status.textContent = dirty ? _('有未保存的内容') : '';
    conflict.querySelector('a, button').focus();
  }

  // What the server says of the draft when it is asked about something else.
  function heard(said) {
    if (said.revision !== undefined && said.revision > revision && !going && elsewhere === null) ask(said);
  }

  conflict.querySelector('[data-keep]').addEventListener('click', () => {
    revision = elsewhere;
    elsewhere = null;
    conflict.hidden = true;
    save();
  });
  conflict.querySelector('[data-theirs]').addEventListener('click', () => { dirty = false; window.location.reload(); });
  conflict.querySelector('[data-mine]').addEventListener('click', async () => {
    const { xml } = await modeler.saveXML({ format: true });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([xml], { type: 'application/xml' }));
    link.download = page.dataset.file;
    link.click();
    URL.revokeObjectURL(link.href);
  });
  window.addEventListener('beforeunload', (event) => { if (dirty || going) event.preventDefault(); });
  modeler.on('commandStack.changed', changed);
  return { save, heard, changed };
}
