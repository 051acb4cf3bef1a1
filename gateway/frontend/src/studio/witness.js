// The way to what is wrong, as the checker found it: a token that goes from element to element, a step a click.
import { _ } from '../words.js';

export function witness(modeler, box) {
  const canvas = modeler.get('canvas');
  const overlays = modeler.get('overlays');
  const registry = modeler.get('elementRegistry');
  const bar = document.createElement('div');
  bar.className = 'witness';
  bar.hidden = true;
  const words = document.createElement('p');
  words.setAttribute('role', 'status');
  const button = (title, act) => {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = title;
    made.addEventListener('click', act);
    return made;
  };
  const back = button(_('上一步'), () => go(at - 1));
  const on = button(_('下一步'), () => go(at + 1));
  const stop = button(_('不看了'), () => { close(); asked?.focus(); });
  bar.append(words, back, on, stop);
  box.querySelector('[data-summary]').after(bar);
  let way = [];
  let at = 0;
  let marked = [];
  let asked = null;

  function clear() {
    overlays.remove({ type: 'token' });
    for (const id of marked) if (registry.get(id)) canvas.removeMarker(id, 'witness-passed');
    marked = [];
  }

  function close() {
    clear();
    way = [];
    bar.hidden = true;
  }

  function pass(id) {
    canvas.addMarker(id, 'witness-passed');
    marked.push(id);
  }

  function go(to) {
    clear();
    at = to;
    way.slice(0, at).forEach((shape, number) => {
      pass(shape.id);
      const next = way[number + 1];
      for (const flow of shape.outgoing ?? []) if (flow.target === next) pass(flow.id);
    });
    const shape = way[at];
    const token = document.createElement('div');
    token.className = 'witness-token';
    overlays.add(shape.id, 'token', { position: { top: shape.height / 2 - 9, left: shape.width / 2 - 9 }, html: token });
    canvas.setRootElement(canvas.findRoot(shape));
    canvas.scrollToElement(shape, { top: 120, bottom: 120, left: 160, right: 160 });
    const last = at === way.length - 1;
    const name = shape.businessObject.name || shape.id;
    const told = _('第 %(at)s / %(all)s 步：%(name)s', { at: at + 1, all: way.length, name });
    words.textContent = last ? _('%(step)s，就在这里', { step: told }) : told;
    back.disabled = at === 0;
    on.disabled = last;
    (last ? stop : on).focus();
  }

  // `ids` in the order in which they are reached; what stands on no drawing here is left out.
  function show(ids, from) {
    const found = ids.map((id) => registry.get(id)).filter((shape) => shape && !shape.waypoints);
    if (!found.length) return;
    way = found;
    asked = from;
    bar.hidden = false;
    go(0);
  }

  return { show, close };
}
