// Everything the staff's pages do in the browser. Each part finds its own elements and does nothing without them;
// every page works without any of it.
import './staff.css';
import './accounts.css';
import './task.css';
import './inbox.css';
import './instances.css';
import './supervision.css';
import './whatif.css';
import './print.css';
import { choosing } from './choosing.js';
import { copying } from './copy.js';
import { keyboard } from './keyboard.js';
import { taskForm } from './form.js';
import { inboxCounts } from './inbox.js';
import { progress } from './progress.js';
import { liveCounts } from './supervision.js';
import { times } from './times.js';

keyboard();
times();
copying();
progress();
inboxCounts();
liveCounts();
for (const form of document.querySelectorAll('form[data-draft]')) taskForm(form);

// Leaving a half-filled page of another kind is asked about by the browser itself.
for (const form of document.querySelectorAll('form[data-guard]')) {
  let touched = false;
  form.addEventListener('input', () => { touched = true; });
  form.addEventListener('submit', () => { touched = false; });
  window.addEventListener('beforeunload', (event) => { if (touched) event.preventDefault(); });
}

// A command goes once, however impatient the finger.
for (const form of document.querySelectorAll('form[method=post]')) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = 'yes';
    for (const button of form.querySelectorAll('button')) button.setAttribute('aria-disabled', 'true');
  });
}
// Back from the browser's cache the form is to be used again.
window.addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll('button')) button.removeAttribute('aria-disabled');
  }
});

choosing();

// The first mistake is where the eyes and the keyboard go.
document.querySelector('[data-focus]')?.focus();
