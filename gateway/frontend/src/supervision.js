// The numbers of the supervision page stay true while it is open: asked for every half minute, and when the page is looked at again.
const EVERY = 30e3; // milliseconds

export function liveCounts() {
  const counts = document.querySelector('[data-live-counts]');
  if (!counts) return;
  let timer = 0;

  async function ask() {
    clearTimeout(timer);
    if (document.visibilityState !== 'visible') return;
    try {
      const answer = await fetch(counts.dataset.liveCounts, { headers: { Accept: 'application/json', 'X-Background': 'yes' }, cache: 'no-cache' });
      if (answer.ok && !answer.redirected) show(await answer.json());
    } catch {
      // Without a connection the last numbers stay; the next look may bring new ones.
    }
    timer = setTimeout(ask, EVERY);
  }

  function show(rows) {
    for (const [row, numbers] of Object.entries(rows)) {
      for (const [of, number] of Object.entries(numbers)) {
        const cell = document.querySelector(`[data-live="${CSS.escape(`${row}:${of}`)}"]`);
        if (cell) cell.textContent = number;
      }
    }
  }

  document.addEventListener('visibilitychange', ask);
  timer = setTimeout(ask, EVERY);
}
