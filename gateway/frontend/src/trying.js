// The pages of scenarios: each is played, and the drawing is painted with what none of them passes.
import './trying.css';
import { rehearsing } from './studio/rehearsing.js';
import { _ } from './words.js';

const page = document.querySelector('[data-scenarios]');

function tell(row, one) {
  const tag = row.querySelector('[data-result]');
  tag.textContent = one.passed === null ? _('演练不了') : one.passed ? _('✓ 通过') : _('✕ 不符');
  tag.classList.add(one.passed ? 'passed' : 'failed');
  row.querySelector('[data-told]').textContent = one.told;
}

// Of what is drawn, what was passed and what was not, as the drawing's script takes its marks.
function paint(drawn, all) {
  const flows = new Set(all.flatMap((one) => one.flows));
  const nodes = new Set(all.flatMap((one) => one.nodes));
  const marks = {};
  for (const [names, passed] of [[drawn.flows, flows], [drawn.nodes, nodes]]) {
    for (const id of Object.keys(names)) marks[id] = { state: passed.has(id) ? 'done' : 'skipped', note: passed.has(id) ? _('有情景走过') : _('没有情景走到') };
  }
  const tab = page.querySelector('[data-diagram]');
  tab.dataset.marks = JSON.stringify(marks);
  if (page.querySelector('[data-case-diagram]').dataset.ready) tab.click();
  return Object.entries(drawn.flows).filter(([id]) => !flows.has(id)).map(([, names]) => names);
}

function list(missed) {
  const box = page.querySelector('[data-missed]');
  box.hidden = missed.length === 0;
  box.querySelector('summary').textContent = _('没有情景走到的 %(count)s 条线', { count: missed.length });
  box.querySelector('ul').replaceChildren(...missed.map(([from, to, name]) => {
    const item = document.createElement('li');
    item.textContent = name ? `${from} → ${to} (${name})` : `${from} → ${to}`;
    return item;
  }));
}

async function play() {
  const rows = [...page.querySelectorAll('[data-played]')];
  const summary = page.querySelector('[data-summary]');
  const say = (count) => { if (summary) summary.textContent = _('正在演练，已完成 %(done)s / %(all)s…', { done: count, all: rows.length }); };
  say(0);
  const all = await rehearsing()(rows.map((row) => row.dataset.played), (one, at) => { tell(rows[at], one); say(at + 1); });
  if (all === null) return;
  const wrong = all.filter((one) => one.passed !== true).length;
  if (summary) {
    const words = wrong ? _('%(count)s 份情景不符，请看是修改错了，还是情景该改了', { count: wrong }) : _('%(count)s 份情景全部通过', { count: all.length });
    summary.textContent = words;
    page.querySelector('[data-summary-box]').className = wrong ? 'todo trouble' : 'todo';
  }
  const embedded = document.getElementById('drawn');
  if (embedded && page.querySelector('[data-diagram]')) {
    const drawn = JSON.parse(embedded.textContent);
    const count = Object.keys(drawn.flows).length;
    const missed = paint(drawn, all);
    list(missed);
    const percent = count ? Math.floor((100 * (count - missed.length)) / count) : 100;
    page.querySelector('[data-covered]').textContent = _('走过 %(passed)s / %(all)s 条线（%(percent)s%）', { passed: count - missed.length, all: count, percent });
  }
  page.dataset.ready = 'yes';
}

if (page?.querySelector('[data-played]')) play();
