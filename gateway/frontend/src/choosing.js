// Choosing several rows of a list at once, and work that goes on from part to part by itself.
export function choosing() {
  for (const label of document.querySelectorAll('[data-select-all]')) {
    const all = label.querySelector('input');
    const boxes = [...label.closest('table').querySelectorAll('tbody input[type=checkbox]')];
    label.hidden = false;
    all.addEventListener('change', () => { for (const box of boxes) box.checked = all.checked; });
    for (const box of boxes) box.addEventListener('change', () => { all.checked = boxes.every((each) => each.checked); });
  }
  for (const form of document.querySelectorAll('form[data-continue]')) form.requestSubmit();
}
