// Rows of a group: added and taken away without leaving the page. `changed` is told, so that the draft is saved.
export function groups(form, changed) {
  for (const group of form.querySelectorAll('[data-group]')) {
    const entries = group.querySelector('[data-entries]');
    const blank = group.querySelector('[data-blank]');
    const add = group.querySelector('[data-add]');
    let next = entries.children.length;

    add.addEventListener('click', (event) => {
      event.preventDefault();
      const entry = blank.content.firstElementChild.cloneNode(true);
      const key = String(next++);
      // The blank row's key stands in names and ids as `group.-.column`.
      for (const element of [entry, ...entry.querySelectorAll('*')]) {
        for (const attribute of element.attributes) attribute.value = attribute.value.replaceAll(`${group.dataset.group}.-.`, `${group.dataset.group}.${key}.`);
      }
      entry.dataset.entry = key;
      entry.querySelector('input[type=hidden]').value = key;
      entries.append(entry);
      entry.querySelector('input:not([type=hidden]), select, textarea')?.focus();
      changed();
    });

    group.addEventListener('click', (event) => {
      const drop = event.target.closest('[data-drop]');
      if (!drop) return;
      event.preventDefault();
      const entry = drop.closest('[data-entry]');
      const near = entry.nextElementSibling ?? entry.previousElementSibling;
      entry.remove();
      (near?.querySelector('[data-drop]') ?? add).focus();
      changed();
    });
  }
}
