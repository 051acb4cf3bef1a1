// What `check` says of the diagram as it is now: signs on the drawing, and a list beside it that leads to the elements.
import { _ } from '../words.js';
import { witness } from './witness.js';

const PAUSE = 700; // milliseconds without a change until the server is asked
const SIGNS = { error: '!', warning: '?', info: 'i' };
const NAMES = { error: _('错误'), warning: _('警告'), info: _('说明') };

export function checks(modeler, box, form, told) {
  const canvas = modeler.get('canvas');
  const overlays = modeler.get('overlays');
  const registry = modeler.get('elementRegistry');
  const walk = witness(modeler, box);
  let timer = 0;
  let asked = 0;
  let marked = [];

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(now, PAUSE);
  }

  async function now() {
    clearTimeout(timer);
    const mine = (asked += 1);
    box.setAttribute('aria-busy', 'true');
    try {
      const { xml } = await modeler.saveXML({ format: true });
      const body = form();
      body.append('diagram', new Blob([xml], { type: 'application/xml' }), 'diagram.bpmn');
      const answer = await fetch(box.dataset.check, { method: 'POST', body, headers: { Accept: 'application/json', 'X-Background': 'yes' } });
      const said = await answer.json();
      if (mine !== asked) return; // the diagram is another one by now
      if (answer.ok) show(said.findings);
      else fail(said.error);
      told(answer.ok ? said.findings.filter((each) => each.severity === 'error').length : null, said);
    } catch (error) {
      if (mine === asked) { fail(_('现在检查不了，请稍后再试。草稿不受影响。')); told(null, {}); }
    } finally {
      if (mine === asked) box.removeAttribute('aria-busy');
    }
  }

  function fail(words) {
    unmark();
    box.querySelector('ul').replaceChildren();
    box.querySelector('[data-summary]').textContent = words;
    box.dataset.state = 'failed';
  }

  function show(findings) {
    unmark();
    const count = (severity) => findings.filter((each) => each.severity === severity).length;
    const errors = count('error');
    const others = findings.length - errors;
    box.dataset.state = errors ? 'errors' : 'fine';
    const first = errors ? _('%(count)s 个错误要先改正', { count: errors }) : _('✓ 没有错误，可以生效');
    box.querySelector('[data-summary]').textContent = others ? _('%(first)s；%(count)s 条提醒', { first, count: others }) : first;
    box.querySelector('ul').replaceChildren(...findings.map(entry));
    const list = box.querySelector('ul'); // by the keyboard it can be scrolled by its buttons, if there are any
    list.tabIndex = list.scrollHeight > list.clientHeight && !list.querySelector('button') ? 0 : -1;
    const typing = document.activeElement; // the list may have pushed it out of sight
    if (typing?.closest('[data-fields]')) typing.scrollIntoView({ block: 'nearest' });
    const worst = new Map();
    for (const each of findings) if (each.element && !each.file && registry.get(each.element) && !worst.has(each.element)) worst.set(each.element, each);
    for (const [id, each] of worst) mark(id, each);
  }

  function entry({ element, file, severity, text, remedy, witness: way = [] }) {
    const item = document.createElement('li');
    item.className = `finding-${severity}`;
    const shape = !file && element && registry.get(element);
    const head = document.createElement(shape ? 'button' : 'div');
    if (shape) {
      head.type = 'button';
      head.className = 'link';
      head.addEventListener('click', () => lead(shape.id));
    }
    const tag = document.createElement('span');
    tag.className = `tag ${severity}`;
    tag.textContent = NAMES[severity];
    head.append(tag, ` ${text}`);
    const advice = document.createElement('div');
    advice.className = 'quiet small';
    advice.textContent = file ? `${remedy} ${_('（在文件 %(file)s 里）', { file })}` : remedy;
    item.append(head, advice);
    if (!file && way.some((id) => registry.get(id))) {
      const look = document.createElement('button');
      look.type = 'button';
      look.className = 'small';
      look.dataset.look = '';
      look.textContent = _('看一看怎么走到这里');
      look.addEventListener('click', () => walk.show(way.at(-1) === element ? way : [...way, element], look));
      item.append(look);
    }
    return item;
  }

  function lead(id) {
    const shape = registry.get(id);
    if (!shape) return;
    canvas.setRootElement(canvas.findRoot(shape));
    modeler.get('selection').select(shape);
    canvas.scrollToElement(shape, { top: 120, bottom: 120, left: 160, right: 160 });
  }

  function mark(id, { severity, text }) {
    canvas.addMarker(id, `finding-${severity}`);
    marked.push([id, `finding-${severity}`]);
    const sign = document.createElement('div');
    sign.className = `finding-sign ${severity}`;
    sign.textContent = SIGNS[severity];
    sign.title = text;
    const shape = registry.get(id);
    const position = shape.waypoints ? { top: -9, left: 0 } : { top: -10, left: -10 };
    if (shape !== canvas.getRootElement()) overlays.add(id, 'finding', { position, html: sign });
  }

  function unmark() {
    walk.close();
    overlays.remove({ type: 'finding' });
    for (const [id, marker] of marked) if (registry.get(id)) canvas.removeMarker(id, marker);
    marked = [];
  }

  modeler.on('commandStack.changed', soon);
  window.addEventListener('focus', soon); // somebody may have saved it elsewhere meanwhile
  return { now };
}
