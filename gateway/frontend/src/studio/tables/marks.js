// Findings on the table that is shown: cells, column heads and rows, each with a sign and its words. They stand in attributes of their own, which
// the table's own drawing leaves alone; rows that are drawn anew are marked again.
import { _ } from '../../words.js';

const RANK = { error: 0, warning: 1, info: 2 };

export function marks(stage) {
  let found = new Map(); // id → finding
  let hits = new Set();

  function draw() {
    name();
    for (const node of stage.querySelectorAll('[data-finding], [data-hit]')) {
      if (node.dataset.finding) node.removeAttribute('title');
      node.removeAttribute('data-finding');
      node.removeAttribute('data-hit');
    }
    for (const [id, { severity, text }] of found) {
      for (const node of places(stage, id)) {
        node.dataset.finding = severity;
        node.title = text;
      }
    }
    for (const id of hits) for (const node of places(stage, id)) node.dataset.hit = 'yes';
  }

  // What a reader of the screen hears of a cell: its row and its column.
  function name() {
    const corner = stage.querySelector('th.index-column');
    if (corner && !corner.textContent) corner.textContent = _('行号');
    const heads = new Map([...stage.querySelectorAll('th[data-col-id]')].map((each) => [each.dataset.colId, each.querySelector('.input-label, .input-expression, .output-label, .output-name')?.textContent]));
    for (const row of stage.querySelectorAll('tbody tr')) {
      const number = row.querySelector('.rule-index')?.textContent.trim();
      for (const cell of row.querySelectorAll('td.cell')) {
        const column = cell.classList.contains('annotation') ? _('说明') : heads.get(cell.dataset.colId);
        cell.querySelector('[contenteditable]')?.setAttribute('aria-label', _('第 %(row)s 行：%(column)s', { row: number, column }));
      }
    }
  }

  return {
    draw,
    show(findings) {
      found = new Map();
      for (const each of [...findings].sort((a, b) => RANK[a.severity] - RANK[b.severity])) {
        for (const id of each.rows.length ? each.rows : [each.element]) if (id && !found.has(id)) found.set(id, each);
      }
      draw();
    },
    hit(ids) { hits = new Set(ids); draw(); },
  };
}

// A cell, the number of a row, or a column's head.
export function places(stage, id) {
  const own = CSS.escape(id);
  const row = stage.querySelector(`td.rule-index[data-row-id="${own}"]`);
  return row ? [row] : [...stage.querySelectorAll(`td[data-element-id="${own}"], th[data-col-id="${own}"]`)];
}
