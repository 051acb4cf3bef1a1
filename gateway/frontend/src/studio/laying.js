// A file that does not say where its elements stand gets a layout: each process by itself, in its pool where it has one.
import { layoutProcess } from 'bpmn-auto-layout';

const BPMN = 'http://www.omg.org/spec/BPMN/20100524/MODEL';
const DI = 'http://www.omg.org/spec/BPMN/20100524/DI';
const DC = 'http://www.omg.org/spec/DD/20100524/DC';
const DD = 'http://www.omg.org/spec/DD/20100524/DI';
const HEAD = 30; // pixels of a pool's title
const MARGIN = 30; // pixels around what is in a pool
const GAP = 60; // pixels between two pools
const EMPTY = { width: 600, height: 80 }; // pixels of a pool with nothing in it

const parsed = (text) => new DOMParser().parseFromString(text, 'application/xml');
const written = (file) => new XMLSerializer().serializeToString(file);
const all = (node, space, local) => [...node.getElementsByTagNameNS(space, local)];
const roots = (file, local) => [...file.documentElement.children].filter((each) => each.namespaceURI === BPMN && each.localName === local);
const bare = (value) => (value ?? '').split(':').pop();

// `process`: the one that is drawn when there are no pools. The rest of the file stays as it is.
export async function laidOut(text, process) {
  const file = parsed(text);
  for (const each of all(file, DI, 'BPMNDiagram')) each.remove();
  const [collaboration] = roots(file, 'collaboration');
  const diagrams = collaboration ? await pools(file, collaboration) : await alone(file, process);
  for (const each of diagrams) file.documentElement.append(file.importNode(each, true));
  return written(file);
}

// The diagrams of one process, by the layouter, as if nothing else were in the file.
async function alone(file, process) {
  const copy = parsed(written(file));
  for (const each of [...roots(copy, 'collaboration'), ...roots(copy, 'process')]) if (each.getAttribute('id') !== process) each.remove();
  return all(parsed(await layoutProcess(written(copy))), DI, 'BPMNDiagram');
}

async function pools(file, collaboration) {
  const main = parsed(`<d:BPMNDiagram xmlns:d="${DI}" xmlns:c="${DC}" xmlns:w="${DD}" id="laid_out"><d:BPMNPlane id="laid_out_plane"/></d:BPMNDiagram>`).documentElement;
  const plane = main.firstElementChild;
  plane.setAttribute('bpmnElement', collaboration.getAttribute('id'));
  const others = [];
  const boxes = new Map(); // of what message flows lead to
  let top = 0;
  for (const pool of all(collaboration, BPMN, 'participant')) {
    const process = bare(pool.getAttribute('processRef'));
    const filled = roots(file, 'process').some((each) => each.getAttribute('id') === process && all(each, BPMN, '*').some((node) => /Task|Event|Gateway|task|ubProcess|ctivity/.test(node.localName)));
    const [first, ...rest] = filled ? await alone(file, process) : [];
    others.push(...rest);
    const inner = first ? [...all(first, DI, 'BPMNPlane')[0].children] : [];
    const size = moved(inner, HEAD + MARGIN, top + MARGIN);
    const box = { x: 0, y: top, width: Math.max(EMPTY.width, size.width + HEAD + 2 * MARGIN), height: Math.max(EMPTY.height, size.height + 2 * MARGIN) };
    plane.append(shape(main, pool.getAttribute('id'), box), ...inner.map((each) => main.ownerDocument.importNode(each, true)));
    boxes.set(pool.getAttribute('id'), box);
    top += box.height + GAP;
  }
  for (const each of all(plane, DI, 'BPMNShape')) {
    const [bounds] = all(each, DC, 'Bounds');
    boxes.set(each.getAttribute('bpmnElement'), Object.fromEntries(['x', 'y', 'width', 'height'].map((name) => [name, Number(bounds.getAttribute(name))])));
  }
  for (const flow of all(collaboration, BPMN, 'messageFlow')) {
    const [from, to] = ['sourceRef', 'targetRef'].map((name) => boxes.get(bare(flow.getAttribute(name))));
    if (from && to) plane.append(edge(main, flow.getAttribute('id'), from, to));
  }
  return [main, ...others];
}

// Shifted so that their upper left corner is there; returns their size.
function moved(elements, left, top) {
  const points = elements.flatMap((each) => [...all(each, DC, 'Bounds'), ...all(each, DD, 'waypoint')]);
  if (!points.length) return { width: 0, height: 0 };
  const number = (each, name) => Number(each.getAttribute(name) ?? 0);
  const x = Math.min(...points.map((each) => number(each, 'x')));
  const y = Math.min(...points.map((each) => number(each, 'y')));
  const right = Math.max(...points.map((each) => number(each, 'x') + number(each, 'width')));
  const bottom = Math.max(...points.map((each) => number(each, 'y') + number(each, 'height')));
  for (const each of points) {
    each.setAttribute('x', number(each, 'x') - x + left);
    each.setAttribute('y', number(each, 'y') - y + top);
  }
  return { width: right - x, height: bottom - y };
}

function make(owner, space, name, given) {
  const made = owner.ownerDocument.createElementNS(space, name);
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
  return made;
}

function shape(owner, id, box) {
  const made = make(owner, DI, 'd:BPMNShape', { id: `${id}_di`, bpmnElement: id, isHorizontal: true });
  made.append(make(owner, DC, 'c:Bounds', box));
  return made;
}

// Straight, from the edge of the one to that of the other.
function edge(owner, id, from, to) {
  const down = from.y < to.y;
  const middle = (box) => box.x + box.width / 2;
  const narrow = from.width < to.width ? from : to; // a pool is reached above what it talks to
  const made = make(owner, DI, 'd:BPMNEdge', { id: `${id}_di`, bpmnElement: id });
  const at = from === narrow || to === narrow ? middle(narrow) : middle(from);
  made.append(
    make(owner, DD, 'w:waypoint', { x: from.width > 300 ? at : middle(from), y: down ? from.y + from.height : from.y }),
    make(owner, DD, 'w:waypoint', { x: to.width > 300 ? at : middle(to), y: down ? to.y : to.y + to.height }),
  );
  return made;
}
