// What scripts say: written in Chinese, said in the language of the page. An English page carries the English of all scripts
// (translations/en/scripts.po).
const english = JSON.parse(document.getElementById('words')?.textContent ?? '{}');

// `_('草稿已保存 %(at)s', { at: '16:05' })`
export function _(chinese, values = {}) {
  return zh(english[chinese] ?? chinese, values);
}

// What goes into a file, and so is Chinese on an English page too.
export const zh = (text, values = {}) => text.replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole);
