// The diagram as a map: of one case (what is done, open, waiting, late, failed), or of what a version has changed.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import './viewer.css';
import './pairing.js';
import { _ } from './words.js';

const SIGNS = { done: '✓', open: '●', waiting: '◷', late: '!', failed: '✕', skipped: '○', added: '+', removed: '−', changed: '≠', moved: '↔' };
const WORDS = {
  done: _('已完成'), open: _('正在办理'), waiting: _('等待中'), late: _('已超期'), failed: _('出现异常'),
};
const STRINGS = { 'Open {element}': _('打开“{element}”'), 'flow elements': _('流程元素') };
const READABLE = 0.55; // below this scale labels of 12 px can't be read
const LARGEST = 1;
const MARGIN = 16; // pixels around a drawing that is fitted in

const translate = (text, values = {}) =>
  (STRINGS[text] ?? text).replace(/{([^}]+)}/g, (_, key) => values[key] ?? key);

function badge(state, note) {
  const element = document.createElement('div');
  element.className = `mark-badge mark-badge-${state}`;
  element.textContent = SIGNS[state];
  element.title = note || WORDS[state];
  return element;
}

function lasted(time) {
  const element = document.createElement('div');
  element.className = 'mark-time';
  element.textContent = time;
  return element;
}

// How much of something an element has had: the darker the more, with the figure on it.
function shade(viewer, element, heat, text, note) {
  // Filling a frame would tint everything inside it.
  if (!element.children?.length) viewer.get('canvas').addMarker(element.id, `heat-${heat}`);
  const figure = document.createElement('div');
  figure.className = 'heat-figure';
  figure.textContent = text;
  figure.title = note;
  viewer.get('overlays').add(element.id, 'heat', { position: { top: -12, right: 24 }, html: figure });
}

// Which pair of two versions an element belongs to.
function number(viewer, element, pair) {
  if (element.waypoints) return;
  const figure = document.createElement('div');
  figure.className = 'mark-pair';
  figure.textContent = pair;
  viewer.get('overlays').add(element.id, 'mark', { position: { top: -10, left: -8 }, html: figure });
}

// How many more or fewer go along a line: the figure sits at the middle of its longest stretch.
function count(viewer, line, text, note) {
  const ends = line.waypoints.slice(1).map((end, at) => [line.waypoints[at], end]);
  const long = ([one, other]) => Math.hypot(other.x - one.x, other.y - one.y);
  const [one, other] = ends.reduce((most, each) => (long(each) > long(most) ? each : most));
  const left = Math.min(...line.waypoints.map(({ x }) => x));
  const top = Math.min(...line.waypoints.map(({ y }) => y));
  const figure = document.createElement('div');
  figure.className = 'heat-figure flow-figure';
  figure.textContent = text;
  figure.title = note;
  const position = { left: (one.x + other.x) / 2 - left - 16, top: (one.y + other.y) / 2 - top - 10 };
  viewer.get('overlays').add(line.id, 'count', { position, html: figure });
}

function mark(viewer, marks) {
  const canvas = viewer.get('canvas');
  const overlays = viewer.get('overlays');
  const registry = viewer.get('elementRegistry');
  const seen = [];
  for (const [id, { state, note, time, heat, text, pair }] of Object.entries(marks)) {
    const element = registry.get(id);
    if (element && pair) number(viewer, element, pair);
    if (element && heat) shade(viewer, element, heat, text, note);
    if (!element || !SIGNS[state]) continue;
    canvas.addMarker(id, `mark-${state}`);
    // Filling a frame would tint everything inside it.
    if (element.children?.length) canvas.addMarker(id, 'mark-frame');
    if (element.waypoints) {
      if (text) count(viewer, element, text, note);
      continue;
    }
    // Small shapes keep their own sign; a badge on a finished gateway would only be noise.
    if (state !== 'done' || element.width > 60) {
      overlays.add(id, 'mark', { position: { top: -10, right: 12 }, html: badge(state, note) });
    }
    if (time) overlays.add(id, 'time', { position: { bottom: -3, left: 0 }, html: lasted(time) });
    if (state !== 'done') seen.push(element);
  }
  return seen;
}

// As high as the drawing needs at the width there is, within reason; a phone keeps room to scroll the page.
function size(viewer) {
  const stage = viewer.get('canvas').getContainer();
  const { inner } = viewer.get('canvas').viewbox();
  const wanted = (stage.clientWidth * inner.height) / inner.width + 2 * MARGIN;
  stage.closest('[data-canvas]').style.height = `${Math.round(Math.min(720, window.innerHeight * 0.8, Math.max(280, wanted)))}px`;
  viewer.get('canvas').resized();
}

function fit(viewer) {
  const canvas = viewer.get('canvas');
  const width = canvas.getContainer().clientWidth;
  const scale = Math.min(LARGEST, canvas.zoom('fit-viewport', 'auto') * (1 - (2 * MARGIN) / width));
  canvas.zoom(scale, 'auto');
  return scale;
}

function show(viewer, current) {
  size(viewer);
  const canvas = viewer.get('canvas');
  if (fit(viewer) >= READABLE || !current.length) return;
  const element = current.find((one) => canvas.findRoot(one) === canvas.getRootElement());
  if (!element) return;
  canvas.zoom(READABLE + 0.15);
  canvas.scrollToElement(element, { top: 60, bottom: 60, left: 120, right: 120 });
}

// A call activity leads to the drawing of what it calls, when the page has it; the tabs lead back.
function doors(viewer, calls, tabs, open) {
  for (const [id, process] of Object.entries(calls)) {
    const tab = tabs.find((one) => one.dataset.process === process);
    if (!tab || !viewer.get('elementRegistry').get(id)) continue;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'mark-door';
    button.textContent = '↘';
    button.title = tab.textContent;
    button.setAttribute('aria-label', tab.textContent);
    button.addEventListener('click', () => open(tab));
    viewer.get('overlays').add(id, 'door', { position: { bottom: 26, right: 28 }, html: button });
  }
}

async function draw(figure) {
  const stage = figure.querySelector('[data-canvas]');
  const status = figure.querySelector('[data-status]');
  const viewer = new NavigatedViewer({
    container: stage,
    additionalModules: [{ translate: ['value', translate] }],
    zoomScroll: { enabled: false },
  });
  let current = [];

  // Beside another drawing: what is clicked is told, and what is told is shown.
  if (figure.dataset.side) {
    viewer.on('element.click', ({ element }) => {
      const detail = { element: element.id.replace(/_label$/, ''), process: figure.dataset.ready };
      figure.dispatchEvent(new CustomEvent('pick', { detail, bubbles: true }));
    });
    figure.addEventListener('paint', () => {
      const tab = tabs.find((one) => one.getAttribute('aria-selected') === 'true');
      const canvas = viewer.get('canvas');
      viewer.get('overlays').remove({ type: 'mark' });
      for (const element of viewer.get('elementRegistry').getAll()) {
        for (const state of ['added', 'removed', 'picked']) canvas.removeMarker(element.id, `mark-${state}`);
      }
      mark(viewer, JSON.parse(tab.dataset.marks));
      if (figure.dataset.chosen && viewer.get('elementRegistry').get(figure.dataset.chosen)) canvas.addMarker(figure.dataset.chosen, 'mark-picked');
    });
  }

  async function open(tab) {
    status.hidden = false;
    status.textContent = _('正在打开流程图…');
    try {
      const [diagram, marks] = await Promise.all([
        fetch(tab.dataset.diagram).then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status))),
        JSON.parse(tab.dataset.marks),
      ]);
      await viewer.importXML(diagram);
      // One file can hold several processes or drawings.
      const planes = viewer.getDefinitions().diagrams;
      const plane = planes.find((one) => processes(one.plane.bpmnElement).includes(tab.dataset.process));
      if (plane && plane !== planes[0]) await viewer.open(plane);
      current = mark(viewer, marks);
      doors(viewer, JSON.parse(figure.dataset.calls ?? '{}'), tabs, open);
      show(viewer, current);
      status.hidden = true;
      figure.dataset.ready = tab.dataset.process;
    } catch (error) {
      status.textContent = _('流程图没有打开。请刷新页面；办理情况仍见上方“办理经过”。');
      figure.dataset.ready = 'failed';
    }
    for (const other of tabs) other.setAttribute('aria-selected', String(other === tab));
  }

  const tabs = [...figure.querySelectorAll('[data-diagram]')];
  for (const tab of tabs) tab.addEventListener('click', () => open(tab));
  for (const button of figure.querySelectorAll('[data-zoom]')) {
    button.addEventListener('click', () => {
      const canvas = viewer.get('canvas');
      const by = button.dataset.zoom;
      if (by === 'fit') fit(viewer);
      else if (by === 'current') show(viewer, current);
      else canvas.zoom(Math.min(3, Math.max(0.2, canvas.zoom() * Number(by))), 'auto');
    });
  }
  await open(tabs.find((tab) => tab.getAttribute('aria-selected') === 'true') ?? tabs[0]);
}

// A collaboration's plane shows the processes of its pools.
function processes(element) {
  return element.participants ? element.participants.map((one) => one.processRef?.id) : [element.id];
}

// A diagram far down the page is drawn when it comes near.
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    near.unobserve(entry.target);
    draw(entry.target);
  }
}, { rootMargin: '400px' });
for (const figure of document.querySelectorAll('[data-case-diagram]')) near.observe(figure);
