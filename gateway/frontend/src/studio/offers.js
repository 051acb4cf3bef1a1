// What of another tool's settings can be put in our way for certain: a list, each put there by one press, all by another; to be undone.
import * as dialect from './dialect.js';
import { _ } from '../words.js';

// How a change is made, by its kind; `at`: what stands at the element, and the editor's commands.
const MAKE = {
  property: ({ node, editor }, { name, value }) => dialect.setProperty(editor, node, name, value),
  topic: ({ node, editor }, { value }) => dialect.setTopic(editor, node, value),
  parameter: ({ node, editor }, { name, value }) => dialect.setParameter(editor, node, name, value),
  result: ({ node, editor }, { value }) => dialect.setJobResult(editor, node, value),
  decision: ({ node, editor }, { value }) => dialect.setText(editor, node, 'calledDecisionId', value),
  called: ({ element, editor }, { value }) => editor.properties(element, { calledElement: value }),
  script: ({ element, editor }, { value }) => editor.properties(element, { script: value }),
  condition: ({ node, editor }, { value }) => editor.update(node, { conditionExpression: expression(editor, value) }),
  time: ({ node, editor }, { name, value }) => {
    const timer = node.eventDefinitions.find((each) => each.$type === 'bpmn:TimerEventDefinition');
    editor.update(timer, { [name]: expression(editor, value) });
  },
};
const expression = (editor, body) => editor.create('bpmn:FormalExpression', { body });

export function offering(modeler, page, panel) {
  const box = page.querySelector('[data-offers]');
  const [head, all, list, status] = ['h2', '[data-all]', 'ul', '[role=status]'].map((each) => box.querySelector(each));
  const registry = modeler.get('elementRegistry');
  let offers = [];

  function put(some) {
    panel.takeOver();
    const editor = panel.editorOf(() => some.length && registry.get(some[0].element));
    editor.together(() => {
      for (const { element: id, changes } of some) {
        const element = registry.get(id);
        const at = { element, node: element.businessObject, editor: panel.editorOf(() => element) };
        for (const each of changes) MAKE[each.kind](at, each);
      }
    });
    status.textContent = _('已换成这里的写法：%(count)s 处；按“撤销一步”可以退回。', { count: some.length });
    panel.refresh();
  }

  function entry(offer) {
    const item = document.createElement('li');
    const words = document.createElement('span');
    words.textContent = offer.text;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'small';
    button.textContent = _('换上');
    button.setAttribute('aria-label', _('换上：%(what)s', { what: offer.text }));
    button.addEventListener('click', () => { put([offer]); all.focus(); });
    item.append(words, ' ', button);
    return item;
  }

  all.addEventListener('click', () => put(offers));

  // What the server has found in the diagram as it is now.
  return function show(found = []) {
    offers = found.filter((each) => registry.get(each.element));
    head.textContent = _('%(count)s 处有这里的对应写法', { count: offers.length });
    list.replaceChildren(...offers.map(entry));
    all.hidden = !offers.length;
    head.hidden = !offers.length;
    box.hidden = !offers.length && !status.textContent;
    list.tabIndex = -1;
  };
}
