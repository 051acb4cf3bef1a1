// Copies an example. Where the browser gives no clipboard (plain HTTP), the text is selected, ready for Ctrl-C.
import { _ } from './words.js';

export function copying() {
  for (const button of document.querySelectorAll('[data-copy]')) {
    const text = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener('click', async () => {
      let said = _('已复制');
      try {
        await navigator.clipboard.writeText(text.textContent);
      } catch {
        getSelection().selectAllChildren(text);
        said = _('已选中');
      }
      button.textContent = said;
      setTimeout(() => { button.textContent = _('复制'); }, 2000);
    });
  }
}
