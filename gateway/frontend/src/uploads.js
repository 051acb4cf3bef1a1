// Files go out as they are chosen, one after the other, each with a bar that shows how far it is. The server is the judge of what is kept.
// Nothing is sent with the form itself: the control is emptied, and the form waits for what is on its way.
import { _ } from './words.js';

export function uploads(form) {
  for (const box of form.querySelectorAll('[data-uploads]')) {
    const control = box.querySelector('input[type=file]');
    const list = box.querySelector('[data-list]');
    const said = box.querySelector('[data-said]');
    // The control says what is chosen, which is nothing once it is on its way: a button of ours says what it does.
    control.classList.add('sr');
    box.querySelector('[data-choose]').hidden = false;
    let queue = Promise.resolve();

    control.addEventListener('change', () => {
      const files = [...control.files];
      control.value = '';
      for (const file of files) {
        const row = list.appendChild(document.createElement('li'));
        row.append(file.name, ' ');
        if (file.size > Number(box.dataset.largest)) { told(row, box.dataset.large); continue; }
        const bar = row.appendChild(document.createElement('progress'));
        bar.max = 1;
        bar.value = 0;
        bar.setAttribute('aria-label', file.name);
        form.dataset.uploading = String(Number(form.dataset.uploading ?? 0) + 1);
        queue = queue.then(() => send(file, bar)).then((answer) => finished(row, answer), () => told(row, box.dataset.failed))
          .finally(() => {
            form.dataset.uploading = String(Number(form.dataset.uploading) - 1);
            bar.remove();
            if (form.dataset.uploading === '0') form.querySelector('[data-waiting]').textContent = '';
          });
      }
    });

    function send(file, bar) {
      return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        const body = new FormData();
        body.append('csrf_token', form.elements.csrf_token.value);
        body.append(control.name, file);
        request.open('POST', box.dataset.uploads);
        request.setRequestHeader('Accept', 'application/json');
        request.responseType = 'json';
        request.upload.addEventListener('progress', (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; });
        request.addEventListener('load', () => (request.status === 200 ? resolve(request.response) : resolve({ kept: [], refused: [request.response?.error ?? box.dataset.failed] })));
        for (const kind of ['error', 'abort', 'timeout']) request.addEventListener(kind, reject);
        request.send(body);
      });
    }

    function finished(row, answer) {
      const [kept] = answer.kept;
      if (!kept) { told(row, answer.refused[0]); return; }
      const same = list.querySelector(`[value="${CSS.escape(kept.id)}"]`);
      if (same) { row.remove(); return; } // the same file once more
      const link = document.createElement('a');
      link.href = kept.href;
      link.textContent = kept.name;
      const size = document.createElement('span');
      size.className = 'quiet small number';
      size.textContent = bytes(kept.size);
      const remove = document.createElement('button');
      Object.assign(remove, { className: 'link', name: 'detach', value: kept.id, textContent: box.dataset.remove });
      remove.setAttribute('aria-label', `${box.dataset.remove} ${kept.name}`);
      remove.dataset.detach = `${kept.href}/delete`;
      row.replaceChildren(link, ' ', size, ' ', remove);
      said.textContent = kept.name;
    }

    function told(row, why) {
      row.className = 'wrong';
      const file = row.firstChild.textContent.trim();
      row.textContent = why.includes(file) ? why : _('%(file)s：%(why)s', { file, why });
      said.textContent = row.textContent;
    }

    list.addEventListener('click', async (event) => {
      const button = event.target.closest('[data-detach]');
      if (!button) return;
      event.preventDefault();
      const body = new FormData();
      body.append('csrf_token', form.elements.csrf_token.value);
      const answer = await fetch(button.dataset.detach, { method: 'POST', body, headers: { Accept: 'application/json' } });
      if (!answer.ok && answer.status !== 404) return;
      button.closest('li').remove();
      control.focus();
    });
  }

  form.addEventListener('submit', (event) => {
    if (Number(form.dataset.uploading ?? 0) === 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    form.querySelector('[data-waiting]').textContent = form.querySelector('[data-uploads]').dataset.busy;
  }, true);
}

// As the server says it (gateway/text.py).
function bytes(size) {
  if (size < 1024) return `${size} B`;
  if (size < 1024 ** 2) return `${(size / 1024).toFixed(0)} KB`;
  return `${(size / 1024 ** 2).toFixed(1).replace('.0', '')} MB`;
}
