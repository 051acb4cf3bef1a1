// Goes to a place of the table and lets it be worked on.
import { places } from './marks.js';

export function seen(stage, id) {
  const [place] = places(stage, id);
  const node = place ?? stage.querySelector('.tjs-table-container, [contenteditable]');
  node?.scrollIntoView({ block: 'center', inline: 'center' });
  const target = place?.closest('tr')?.querySelector('[contenteditable]');
  (place?.querySelector('[contenteditable], button') ?? target ?? stage.querySelector('[contenteditable]'))?.focus();
}
