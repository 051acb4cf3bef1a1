// `/` search, `j`/`k` rows, `Enter` open, `c` take, `x` choose, `a` arrange, `g i` inbox, `g n` new problem, `?` help.
const TYPING = 'input, textarea, select, [contenteditable]';

export function keyboard() {
  const help = document.querySelector('dialog#keys');
  let before = '';

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest(TYPING)) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    const two = before + event.key;
    before = event.key === 'g' ? 'g' : '';
    const go = { gi: '/', gn: document.querySelector('[data-key="g n"]')?.getAttribute('href') }[two];
    if (go) { event.preventDefault(); window.location.assign(go); return; }
    if (event.key === '/') focus(event, document.querySelector('[data-search]'));
    else if (event.key === 'j') step(event, 1);
    else if (event.key === 'k') step(event, -1);
    else if (IN_ROW.includes(event.key)) press(event);
    else if (event.key === '?' && help) { event.preventDefault(); help.open ? help.close() : help.showModal(); }
  });

  for (const opener of document.querySelectorAll('[data-open-keys]')) {
    opener.hidden = false;
    opener.addEventListener('click', () => help?.showModal());
  }
  help?.addEventListener('click', (event) => { if (event.target === help) help.close(); });
}

// What a key does to the row that has the focus stands in the row: a button, a link or a box.
const IN_ROW = ['c', 'x', 'a'];

function press(event) {
  const row = event.target.closest?.('tr');
  const control = row?.querySelector(`[data-row-key="${event.key}"]`);
  if (!control) return;
  event.preventDefault();
  control.click();
}

function focus(event, element) {
  if (!element) return;
  event.preventDefault();
  element.focus();
  element.select?.();
}

function step(event, by) {
  const rows = [...document.querySelectorAll('[data-row]')];
  if (!rows.length) return;
  const at = rows.findIndex((row) => row === document.activeElement);
  focus(event, rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))]);
}
