// Words of a template, or of an answer that was given before, go into the field that was written in last: at the cursor, and undo takes them back.
export function inserting(form) {
  const buttons = document.querySelectorAll('[data-insert]');
  let last = null;
  form.addEventListener('focusin', (event) => { if (event.target.matches('textarea')) last = event.target; });
  const inSight = (area) => area && !area.disabled && area.offsetParent;
  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener('click', () => {
      const area = inSight(last) ? last : [...form.querySelectorAll('textarea')].find(inSight);
      if (!area) return;
      const words = button.closest('li').querySelector('[data-words]').textContent;
      area.focus();
      // The only way of putting text in that the browser's own undo knows of.
      if (!document.execCommand('insertText', false, words)) area.setRangeText(words, area.selectionStart, area.selectionEnd, 'end');
      area.dispatchEvent(new Event('input', { bubbles: true }));
      area.scrollIntoView({ block: 'nearest' });
    });
  }
}
