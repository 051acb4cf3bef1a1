// A diagram that was drawn with another tool takes the place of the one in the editor, and can be put away again.
import { laidOut } from './laying.js';
import { open } from './reading.js';
import { _ } from '../words.js';

const LARGEST = 1024 * 1024; // bytes; as in processes/notation/foreign

// `form`: a form with the page's token; `shown`: is called once another diagram is there; `takeOver`: before what is there is read.
export function bringing(modeler, page, form, takeOver, shown) {
  const box = page.querySelector('[data-bring]');
  const [input, which, button] = ['input', 'select', 'button'].map((name) => box.querySelector(name));
  const choice = which.closest('[data-which]');
  const status = box.querySelector('[role=status]');
  const result = page.querySelector('[data-brought]');
  const [back, close] = ['back', 'close'].map((name) => result.querySelector(`[data-${name}]`));
  let before = null;

  const say = (text) => { status.textContent = text; };

  async function bring() {
    const [file] = input.files;
    if (!file) { say(_('请先选一个文件。')); return; }
    if (file.size > LARGEST) { say(_('文件超过 1 MB，没有打开。一张流程图只有几百 KB，请确认选对了文件。')); return; }
    say(_('正在打开…'));
    button.disabled = true;
    try {
      const body = form();
      body.append('file', file.name);
      body.append('process', choice.hidden ? '' : which.value);
      body.append('diagram', file);
      const answer = await fetch(box.dataset.bring, { method: 'POST', body, headers: { Accept: 'application/json' } });
      const said = await answer.json();
      if (answer.ok) await take(said);
      else refuse(said);
    } catch (error) {
      say(_('没有打开，请稍后再试。原来的图没有变。'));
    }
    button.disabled = false;
  }

  function refuse(said) {
    say(said.error ?? _('没有打开，请稍后再试。原来的图没有变。'));
    choice.hidden = !said.processes;
    if (!said.processes) return;
    which.replaceChildren(...said.processes.map(([id, name]) => Object.assign(document.createElement('option'), { value: id, textContent: name })));
    which.focus();
  }

  async function take(said) {
    takeOver();
    const { xml } = await modeler.saveXML({ format: true });
    const told = [...said.told];
    try {
      const text = said.drawn ? said.text : await laidOut(said.text, said.process);
      const { lost, undrawn } = await open(modeler, text);
      if (!said.drawn) told.push(_('文件里没有各个环节的位置，已自动排好；注释、分组和泳道没有排，仍在文件里。'));
      if (undrawn.length) told.push(_('%(count)s 处画不出来，但留在文件里。', { count: undrawn.length }));
      if (lost.length) told.push(_('%(count)s 处编辑器读不懂，保存后会丢：%(what)s', { count: lost.length, what: lost.slice(0, 3).join(_('、')) }));
    } catch (error) {
      await open(modeler, xml);
      shown(false);
      say(_('编辑器打不开这张图，原来的图没有变。请在原来的工具里检查后重新导出。'));
      return;
    }
    before = xml;
    say('');
    box.open = false;
    input.value = '';
    choice.hidden = true;
    result.querySelector('ul').replaceChildren(...told.map((each) => Object.assign(document.createElement('li'), { textContent: each })));
    result.hidden = false;
    back.hidden = false;
    shown(true);
    result.focus();
  }

  button.addEventListener('click', bring);
  input.addEventListener('change', () => { choice.hidden = true; say(''); });
  close.addEventListener('click', () => { result.hidden = true; });
  back.addEventListener('click', async () => {
    await open(modeler, before);
    result.hidden = true;
    shown(true);
  });
}
