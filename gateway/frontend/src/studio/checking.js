// What `check` says of a decision file or form as it is now: a list beside it that leads to the places, and marks at them.
import { _ } from '../words.js';

const PAUSE = 700; // milliseconds without a change until the server is asked
export const NAMES = { error: _('错误'), warning: _('警告'), info: _('说明') };

// `source`: the file's text; `lead`: goes to where a finding stands, if that is shown somewhere; `mark`: is given all findings of this file;
// `told`: the number of errors (null: not known) and what else the server said.
export function checking({ page, form, source, lead, leads, mark, told }) {
  const box = page.querySelector('[data-check]');
  const list = box.querySelector('ul');
  let timer = 0;
  let asked = 0;

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(now, PAUSE);
  }

  async function now() {
    clearTimeout(timer);
    const mine = (asked += 1);
    box.setAttribute('aria-busy', 'true');
    try {
      const body = form();
      body.append('file', page.dataset.file);
      body.append('diagram', new Blob([await source()]), page.dataset.file);
      const answer = await fetch(box.dataset.check, { method: 'POST', body, headers: { Accept: 'application/json', 'X-Background': 'yes' } });
      const said = await answer.json();
      if (mine !== asked) return; // the file is another one by now
      if (answer.ok) show(said.findings);
      else fail(said.error);
      told(answer.ok ? said.findings.filter((each) => each.severity === 'error').length : null, said);
    } catch (error) {
      if (mine === asked) { fail(_('现在检查不了，请稍后再试。草稿不受影响。')); told(null, {}); }
    } finally {
      if (mine === asked) box.removeAttribute('aria-busy');
    }
  }

  function fail(words) {
    mark([]);
    list.replaceChildren();
    box.querySelector('[data-summary]').textContent = words;
    box.dataset.state = 'failed';
  }

  function show(findings) {
    const errors = findings.filter((each) => each.severity === 'error').length;
    const others = findings.length - errors;
    const first = errors ? _('%(count)s 个错误要先改正', { count: errors }) : _('✓ 没有错误，可以生效');
    box.dataset.state = errors ? 'errors' : 'fine';
    box.querySelector('[data-summary]').textContent = others ? _('%(first)s；%(count)s 条提醒', { first, count: others }) : first;
    const here = findings.filter((each) => !each.file);
    list.replaceChildren(...[...here, ...findings.filter((each) => each.file)].map(entry));
    list.tabIndex = list.scrollHeight > list.clientHeight && !list.querySelector('button') ? 0 : -1;
    mark(here);
  }

  function entry(finding) {
    const { file, severity, text, remedy } = finding;
    const item = document.createElement('li');
    item.className = `finding-${severity}`;
    const to = !file && leads(finding);
    const head = document.createElement(to ? 'button' : 'div');
    if (to) {
      head.type = 'button';
      head.className = 'link';
      head.addEventListener('click', () => lead(finding));
    }
    const tag = document.createElement('span');
    tag.className = `tag ${severity}`;
    tag.textContent = NAMES[severity];
    head.append(tag, ` ${text}`);
    const advice = document.createElement('div');
    advice.className = 'quiet small';
    advice.textContent = file ? `${remedy} ${_('（在文件 %(file)s 里）', { file })}` : remedy;
    item.append(head, advice);
    return item;
  }

  window.addEventListener('focus', soon); // somebody may have saved it elsewhere meanwhile
  return { now, soon };
}
