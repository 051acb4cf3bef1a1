// The numbers on the inbox's tabs stay true while the page is open: asked for every half minute, and when the page is looked at again.
const EVERY = 30e3; // milliseconds

export function inboxCounts() {
  const tabs = document.querySelector('[data-counts]');
  if (!tabs) return;
  let timer = 0;

  async function ask() {
    clearTimeout(timer);
    if (document.visibilityState !== 'visible') return;
    try {
      // Unchanged numbers are the browser's own: the server answers their tag with 304.
      const answer = await fetch(tabs.dataset.counts, { headers: { Accept: 'application/json', 'X-Background': 'yes' }, cache: 'no-cache' });
      if (answer.ok && !answer.redirected) show(await answer.json());
    } catch {
      // Without a connection the last numbers stay; the next look may bring new ones.
    }
    timer = setTimeout(ask, EVERY);
  }

  function show(counts) {
    let fresh = false;
    for (const [tab, { text, red }] of Object.entries(counts)) {
      const number = tabs.querySelector(`[data-count="${tab}"]`);
      if (!number) continue;
      if (number.textContent !== text && number.closest('[aria-current]')) fresh = true;
      number.textContent = text;
      number.classList.toggle('burning', red > 0);
    }
    const note = document.querySelector('[data-changed]');
    if (note && fresh) note.hidden = false;
  }

  document.addEventListener('visibilitychange', ask);
  window.addEventListener('pageshow', (event) => { if (event.persisted) ask(); });
  timer = setTimeout(ask, EVERY);
}
