// Whether the draft's scenarios still pass: played in the background after each saving, and told in the link that leads to them.
import { _ } from '../words.js';
import { rehearsing } from './rehearsing.js';

const PAUSE = 1500; // milliseconds without another saving until they are played

export function watching(page) {
  const link = page.querySelector('[data-rehearsed]');
  const addresses = JSON.parse(page.dataset.played);
  const rehearse = rehearsing();
  let timer = 0;

  async function now() {
    delete link.dataset.state;
    link.textContent = _('情景：正在演练…');
    const all = await rehearse(addresses, (one, at) => { link.textContent = _('情景：已演练 %(done)s / %(all)s', { done: at + 1, all: addresses.length }); });
    if (all === null) return;
    const wrong = all.filter((one) => one.passed === false).length;
    const unplayable = all.some((one) => one.passed === null);
    link.dataset.state = wrong || unplayable ? 'wrong' : 'fine';
    if (unplayable) link.textContent = _('情景：有错误，演练不了');
    else link.textContent = wrong ? _('✕ %(count)s 份情景不符', { count: wrong }) : _('✓ %(count)s 份情景全部通过', { count: all.length });
  }

  return () => {
    clearTimeout(timer);
    if (addresses.length) timer = setTimeout(now, PAUSE);
  };
}
