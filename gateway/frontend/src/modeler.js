// The diagram's editor: a drawing, the fields of what is selected, what is wrong, and a draft that saves itself.
import Modeler from 'bpmn-js/lib/Modeler';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import './studio.css';
import { bringing } from './studio/bringing.js';
import { checks } from './studio/checks.js';
import { Copying, read } from './studio/dialect.js';
import { Lanes } from './studio/lanes.js';
import { choices } from './studio/palette.js';
import { offering } from './studio/offers.js';
import { panel } from './studio/panel.js';
import { faithful, open as show } from './studio/reading.js';
import { saving } from './studio/saving.js';
import { watching } from './studio/watching.js';
import { _ } from './words.js';

const page = document.querySelector('[data-studio]');
const MARGIN = 40; // pixels around a drawing that is fitted in
const PALETTE = 170; // pixels that the palette covers
const SMALLEST = 0.6; // below this scale labels of 12 px can't be read

const form = () => {
  const body = new FormData();
  body.append('csrf_token', page.dataset.token);
  return body;
};

// The whole drawing if it can be read so, else where it begins.
function fit(modeler, whole = false) {
  const canvas = modeler.get('canvas');
  canvas.resized();
  const { inner, outer } = canvas.viewbox();
  const scale = Math.min(1, (outer.width - PALETTE - MARGIN) / inner.width, (outer.height - MARGIN) / inner.height);
  if (whole || scale >= SMALLEST) {
    const [width, height] = [outer.width / scale, outer.height / scale];
    const left = inner.x - (PALETTE + (outer.width - PALETTE - inner.width * scale) / 2) / scale;
    canvas.viewbox({ x: left, y: inner.y - (height - inner.height) / 2, width, height });
    return;
  }
  canvas.viewbox({ x: inner.x - (PALETTE + 20) / 0.8, y: inner.y - MARGIN, width: outer.width / 0.8, height: outer.height / 0.8 });
}

async function open() {
  const stage = page.querySelector('[data-canvas]');
  const status = page.querySelector('[data-status]');
  const modeler = new Modeler({
    container: stage,
    additionalModules: [choices, { __init__: ['studioCopying', 'studioLanes'], studioCopying: ['type', Copying], studioLanes: ['type', Lanes], bpmnDiOrdering: ['value', null] }],
  }); // (without the ordering, shapes stay in the order in which the file has them)
  read(modeler.get('moddle'));
  faithful(modeler);
  try {
    const answer = await fetch(page.dataset.edited);
    if (!answer.ok) throw new Error(String(answer.status));
    const { lost } = await show(modeler, await answer.text());
    if (lost.length) throw new Error(lost[0]); // with the next saving
  } catch (error) {
    status.textContent = _('这张流程图里有编辑器读不懂的内容，改了会丢失。请按文件修改。');
    page.dataset.ready = 'failed';
    return;
  }
  status.hidden = true;
  fit(modeler);
  const fields = panel(modeler, page.querySelector('[data-fields]'), JSON.parse(document.getElementById('offered').textContent));
  const rehearse = watching(page);
  const draft = saving(modeler, page, form, rehearse);
  const offers = offering(modeler, page, fields);
  const next = page.querySelector('[data-next]');
  const checking = checks(modeler, page.querySelector('[data-check]'), form, (errors, said) => {
    next.setAttribute('aria-disabled', String(errors !== 0));
    draft.heard(said);
    offers(said.offers);
  });

  const tools = {
    undo: () => modeler.get('commandStack').undo(),
    redo: () => modeler.get('commandStack').redo(),
    search: () => modeler.get('searchPad').toggle(),
    fit: () => fit(modeler, true),
    in: () => modeler.get('zoomScroll').stepZoom(1),
    out: () => modeler.get('zoomScroll').stepZoom(-1),
  };
  const buttons = [...page.querySelectorAll('[data-tool]')];
  for (const button of buttons) button.addEventListener('click', () => { fields.takeOver(); tools[button.dataset.tool](); });
  const able = () => {
    const stack = modeler.get('commandStack');
    for (const [name, can] of [['undo', stack.canUndo()], ['redo', stack.canRedo()]]) {
      buttons.find((each) => each.dataset.tool === name).disabled = !can;
    }
  };
  modeler.on('commandStack.changed', able);
  able();

  bringing(modeler, page, form, fields.takeOver, (another) => {
    fit(modeler);
    next.setAttribute('aria-disabled', 'true'); // until it has been looked at
    if (another) draft.changed();
    checking.now();
  });
  page.away = async (address) => { fields.takeOver(); if (await draft.save()) window.location.assign(address); };
  next.addEventListener('click', async (event) => {
    event.preventDefault();
    fields.takeOver();
    if (next.getAttribute('aria-disabled') === 'true') {
      page.querySelector('[data-check] button')?.focus();
      return;
    }
    if (await draft.save()) window.location.assign(next.href);
  });
  for (const link of page.querySelectorAll('[data-leave]')) {
    link.addEventListener('click', async (event) => {
      event.preventDefault();
      fields.takeOver();
      if (await draft.save()) window.location.assign(link.href);
    });
  }
  await checking.now();
  rehearse();
  page.dataset.ready = 'yes';
  Object.assign(page, { modeler, opened: show }); // for whoever looks at the page by its tools
}

open();
