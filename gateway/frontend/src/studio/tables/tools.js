// Rows and columns by buttons, so that they can be worked on without a mouse. They act on the cell that was looked at last.
import { is } from 'dmn-js-shared/lib/util/ModelUtil';
import { _ } from '../../words.js';

export function tools(modeler, bar) {
  const buttons = [...bar.querySelectorAll('[data-tool]')];
  const said = bar.querySelector('[data-said]');
  let last = null; // ids: { row, col }

  const get = (name) => modeler.getActiveViewer()?.get(name, false);
  const root = () => get('sheet')?.getRoot();
  const row = () => root()?.rows.find((each) => each.id === last?.row);
  const col = () => root()?.cols.find((each) => each.id === last?.col);
  const isInput = (one) => is(one, 'dmn:InputClause');

  function watch(viewer) {
    viewer.on('selection.changed', ({ selection }) => {
      if (!selection) return;
      last = { row: (selection.row ?? selection).id, col: selection.col?.id ?? last?.col };
      able();
    });
    viewer.on('commandStack.changed', able);
  }

  // The cell that is gone on with: where the work has just been done.
  function focus(nextRow, nextCol) {
    const at = nextRow ?? root().rows[0];
    const cell = at?.cells.find((each) => each.col === (nextCol ?? col())) ?? at?.cells[0];
    if (!cell) return;
    last = { row: at.id, col: cell.col.id };
    get('selection').select(cell);
    able();
  }

  function moveRow(by) {
    const one = row();
    get('modeling').moveRow(one, root().rows.indexOf(one) + by);
    focus(one);
    said.textContent = _('移到了第 %(row)s 行', { row: root().rows.indexOf(one) + 1 });
  }

  function moveCol(by) {
    const one = col();
    get('modeling').moveCol(one, root().cols.indexOf(one) + by);
    focus(row(), one);
    said.textContent = _('移到了第 %(column)s 列', { column: root().cols.indexOf(one) + 1 });
  }

  // A column next to the one looked at if that is of the same kind, else behind the last of its kind.
  function addCol(type) {
    const { cols } = root();
    const inputs = cols.filter(isInput).length;
    const here = col() && is(col(), type) ? cols.indexOf(col()) + 1 : type === 'dmn:InputClause' ? inputs : cols.length;
    focus(row(), get('modeling').addCol({ type }, here));
    edit();
  }

  function edit() {
    const clause = col().businessObject;
    const target = bar.parentElement.querySelector(`th[data-col-id="${CSS.escape(clause.id)}"]`);
    target.scrollIntoView({ block: 'nearest', inline: 'center' });
    const kind = isInput(clause) ? 'input' : 'output';
    get('eventBus').fire(`${kind}.edit`, { event: { target }, [kind]: clause });
    bar.parentElement.querySelector('.context-menu [contenteditable], .context-menu input')?.focus();
  }

  function removeRow() {
    const at = root().rows.indexOf(row());
    get('modeling').removeRow(row());
    focus(root().rows[Math.min(at, root().rows.length - 1)]);
  }

  function removeCol() {
    const at = root().cols.indexOf(col());
    get('modeling').removeCol(col());
    focus(row(), root().cols[Math.min(at, root().cols.length - 1)]);
  }

  const addRow = (offset) => focus(get('modeling').addRow({ type: 'dmn:DecisionRule' }, row() ? root().rows.indexOf(row()) + offset : root().rows.length));
  const sameKind = (by) => {
    const { cols } = root();
    const other = cols[cols.indexOf(col()) + by];
    return other && isInput(other) === isInput(col());
  };
  const many = (list) => list.length > 1;

  const ACTS = {
    undo: [() => get('commandStack').undo(), () => get('commandStack')?.canUndo()],
    redo: [() => get('commandStack').redo(), () => get('commandStack')?.canRedo()],
    above: [() => addRow(0), () => row()],
    below: [() => addRow(1), () => root()?.rows],
    up: [() => moveRow(-1), () => row() && root().rows.indexOf(row()) > 0],
    down: [() => moveRow(1), () => row() && root().rows.indexOf(row()) < root().rows.length - 1],
    drop: [removeRow, () => row() && many(root().rows)],
    input: [() => addCol('dmn:InputClause'), () => root()?.cols],
    output: [() => addCol('dmn:OutputClause'), () => root()?.cols],
    edit: [edit, () => col()],
    left: [() => moveCol(-1), () => col() && sameKind(-1)],
    right: [() => moveCol(1), () => col() && sameKind(1)],
    lose: [removeCol, () => col() && many(root().cols.filter((each) => isInput(each) === isInput(col())))],
  };

  function able() {
    for (const button of buttons) button.disabled = !ACTS[button.dataset.tool][1]();
  }

  for (const button of buttons) button.addEventListener('click', () => { said.textContent = ''; ACTS[button.dataset.tool][0](); });
  bar.addEventListener('keydown', (event) => event.stopPropagation());
  return { watch, able };
}
