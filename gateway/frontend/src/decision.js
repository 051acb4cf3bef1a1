// The editor of decision tables: dmn-js, what is wrong on its cells and rows, and a strip to try it.
import Modeler from 'dmn-js/lib/Modeler';
import 'dmn-js/dist/assets/diagram-js.css';
import 'dmn-js/dist/assets/dmn-js-shared.css';
import 'dmn-js/dist/assets/dmn-js-drd.css';
import 'dmn-js/dist/assets/dmn-js-decision-table.css';
import 'dmn-js/dist/assets/dmn-js-decision-table-controls.css';
import 'dmn-js/dist/assets/dmn-js-literal-expression.css';
import 'dmn-js/dist/assets/dmn-js-boxed-expression.css';
import 'dmn-js/dist/assets/dmn-js-boxed-expression-controls.css';
import 'dmn-js/dist/assets/dmn-font/css/dmn.css';
import './studio.css';
import './studio/tables.css';
import { frame } from './studio/frame.js';
import { only, options } from './studio/tables/dialect.js';
import { marks } from './studio/tables/marks.js';
import { tools } from './studio/tables/tools.js';
import { trying } from './studio/tables/trying.js';
import { seen } from './studio/tables/seen.js';
import { _ } from './words.js';

const page = document.querySelector('[data-studio]');

const inside = (id) => (each) => {
  const pending = [each];
  while (pending.length) {
    const node = pending.pop();
    if (!node || typeof node !== 'object') continue;
    if (node.id === id) return true;
    for (const [key, value] of Object.entries(node)) {
      if (key.startsWith('$') || key === 'di' || key === 'href') continue;
      if (Array.isArray(value)) pending.push(...value);
      else if (value?.$type && value.$parent === node) pending.push(value);
    }
  }
  return false;
};

async function open() {
  const stage = page.querySelector('[data-table]');
  const status = page.querySelector('[data-status]');
  const choose = page.querySelector('[data-view]');
  only(JSON.parse(document.getElementById('offered').textContent));
  const modeler = new Modeler({ container: stage, ...options });
  const listeners = [];
  const bar = tools(modeler, page.querySelector('.studio-tools'));
  const marked = marks(stage);
  modeler.on('viewer.created', ({ viewer }) => {
    viewer.on('commandStack.changed', ({ trigger }) => { if (trigger && trigger !== 'clear') listeners.forEach((each) => each()); });
    bar.watch(viewer);
  });
  const text = JSON.parse(document.getElementById('file').textContent);
  const several = () => modeler.getViews().filter((each) => each.type !== 'drd').length > 1;
  try {
    const { warnings } = await modeler.importXML(text, { open: false });
    if (warnings.length) throw new Error(warnings[0].message ?? warnings[0]); // what can't be read would be lost with the next saving
    const views = modeler.getViews();
    const first = several() ? views.find((each) => each.type === 'drd') : views.find((each) => each.type !== 'drd');
    await modeler.open(first ?? views[0]);
  } catch (error) {
    status.textContent = _('这个文件里有编辑器读不懂的内容，改了会丢失。请按文件修改。');
    page.dataset.ready = 'failed';
    return;
  }
  status.hidden = true;

  const decisions = () => (modeler.getDefinitions().drgElement ?? []);
  const holder = (id) => decisions().find(inside(id));
  const viewOf = (element) => modeler.getViews().find((each) => each.element === element);
  const current = () => modeler.getActiveView()?.element;
  const decision = () => (current()?.$type === 'dmn:Decision' ? current().id : undefined);

  async function lead({ element, rows }) {
    const id = rows[0] ?? element;
    const owner = holder(id);
    if (owner && viewOf(owner) && owner !== current()) await modeler.open(viewOf(owner));
    seen(stage, id);
  }

  const edited = { saveXML: (how) => modeler.saveXML(how), on: (event, told) => listeners.push(told) };
  let strip = null;
  const { check, form, source } = frame({
    page, edited, lead,
    leads: ({ element, rows }) => Boolean(holder(rows[0] ?? element)),
    mark: marked.show,
    checked: () => strip?.refresh(),
  });
  strip = trying({
    page, form, source, decision,
    box: page.querySelector('[data-try]'),
    nameOf: (id) => decisions().find((each) => each.id === id)?.name ?? id,
    columnOf: (name) => (current()?.decisionLogic?.output ?? []).find((each) => each.name === name)?.label ?? name,
    hit: marked.hit,
  });

  function views() {
    const shown = modeler.getViews();
    choose.replaceChildren(...shown.map((each, index) => new Option(each.type === 'drd' ? _('全图') : each.element.name || each.id, index)));
    choose.value = shown.indexOf(modeler.getActiveView());
    choose.closest('label').hidden = !several();
    page.querySelector('.studio-tools').dataset.view = modeler.getActiveView()?.type ?? '';
    marked.draw();
    bar.able();
  }
  choose.addEventListener('change', async () => { await modeler.open(modeler.getViews()[choose.value]); views(); strip.refresh(); });
  modeler.on('views.changed', views);
  listeners.push(() => requestAnimationFrame(marked.draw));
  views();
  await check.now();
  await strip.refresh();
  page.dataset.ready = 'yes';
  page.modeler = modeler; // for whoever looks at the page by its tools
}

open();
