// Two people on one task: the page says that it is open, now and then, and shows who else has it open, or that the task is done.
export function presence(form) {
  const box = document.querySelector('[data-presence]');
  if (!box) return;
  const every = Number(box.dataset.every) * 1000;
  let timer = 0;

  async function tell(leaving = false) {
    clearTimeout(timer);
    const body = new FormData();
    body.append('csrf_token', form.elements.csrf_token.value);
    if (leaving) body.append('leaving', 'yes');
    try {
      const answer = await fetch(box.dataset.presence, { method: 'POST', body, keepalive: leaving, headers: { Accept: 'application/json', 'X-Background': 'yes' } });
      if (leaving || !answer.ok) return;
      const { others, ended } = await answer.json();
      box.textContent = ended || others;
      box.hidden = !box.textContent;
      box.classList.toggle('error', Boolean(ended));
      if (!ended) timer = setTimeout(tell, every);
    } catch (error) {
      timer = setTimeout(tell, every); // away from the network: the draft's note says so
    }
  }

  document.addEventListener('visibilitychange', () => tell(document.visibilityState === 'hidden'));
  tell();
}
