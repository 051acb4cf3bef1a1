// Work that goes on by itself: the part of the page that tells of it is fetched anew until it is over.
const PAUSE = 2000; // milliseconds

export function progress() {
  const shown = document.querySelector('[data-progress]');
  if (!shown) return;
  setTimeout(async () => {
    try {
      const answer = await fetch(window.location.href, { headers: { 'X-Background': 'yes' } });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(shown.id);
        if (fresh && fresh.hasAttribute('data-progress')) shown.replaceWith(fresh);
        else if (fresh) { window.location.reload(); return; }
      }
    } catch {
      // The next look may find the server again.
    }
    progress();
  }, PAUSE);
}
