// The enterprises' portal. Every page works without it.
import './portal.css';

// What is typed stays in this browser's tab until it is sent: nowhere else, and no longer.
for (const form of document.querySelectorAll('form[data-kept]')) {
  const name = form.dataset.kept;
  const controls = () => [...form.elements].filter((each) => each.name && !['hidden', 'file', 'submit', 'checkbox'].includes(each.type) && each.tabIndex >= 0);
  const kept = JSON.parse(sessionStorage.getItem(name) ?? '{}');
  for (const each of controls()) if (!each.value && kept[each.name]) each.value = kept[each.name];
  form.addEventListener('input', () => {
    sessionStorage.setItem(name, JSON.stringify(Object.fromEntries(controls().map((each) => [each.name, each.value]))));
  });
}
for (const done of document.querySelectorAll('[data-done]')) sessionStorage.removeItem(done.dataset.done);
for (const leave of document.querySelectorAll('[data-leave]')) leave.addEventListener('click', () => sessionStorage.clear());

// A form goes once, however impatient the finger.
for (const form of document.querySelectorAll('form[method=post]')) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = 'yes';
  });
}
window.addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
});

document.querySelector('[data-focus]')?.focus();
