// How dmn-js is to be for our engine: the hit policies that it runs, cells as plain text (FEEL is checked by the server, which alone knows the
// functions), and a row's annotation where the file has it.
import { HIT_POLICIES } from 'dmn-js-decision-table/lib/features/hit-policy/HitPolicies';
import AnnotationHeader from 'dmn-js-decision-table/lib/features/annotations/components/AnnotationHeader';
import AnnotationCell from 'dmn-js-decision-table/lib/features/annotations/editor/components/AnnotationCell';
import DebounceInput from 'dmn-js-shared/lib/features/debounce-input';
import CHINESE from './dmn-js.zh.json'; // its words; what is not there stays as it is

export function only({ policies, aggregations }) {
  const runs = ({ value }) => policies.includes(value.hitPolicy) && (!value.aggregation || aggregations.includes(value.aggregation));
  HIT_POLICIES.splice(0, HIT_POLICIES.length, ...HIT_POLICIES.filter(runs));
}

const translate = (template, values = {}) =>
  (document.documentElement.lang === 'en' ? template : CHINESE[template] ?? template).replace(/{ ?(\w+) ?}/g, (whole, name) => values[name] ?? whole);

// DMN has columns of annotations since 1.2; dmn-js knows the row's description only. Where a table has such columns, the first is meant.
const columns = (rule) => (rule.$parent?.annotation ?? []).length > 0;
export const annotationOf = (rule) => (columns(rule) ? rule.annotationEntry?.[0]?.text : rule.description) ?? '';

class Annotation extends AnnotationCell {
  constructor(props, context) {
    super(props, context);
    const stack = context.injector.get('commandStack');
    this.setAnnotationValue = (text) => {
      const rule = this.props.row.businessObject;
      if (text !== annotationOf(rule)) stack.execute('studio.annotate', { rule, text });
    };
  }

  render() {
    const own = this.props;
    const { id, businessObject } = own.row;
    this.props = { ...own, row: { id, businessObject: { id: businessObject.id, description: annotationOf(businessObject) } } };
    const node = super.render();
    this.props = own;
    return node;
  }
}

// One step that can be undone.
class Annotating {
  execute(context) {
    const { rule, text } = context;
    context.before = { entries: rule.annotationEntry?.map((each) => each.text), description: rule.description };
    if (!columns(rule)) rule.description = text || undefined;
    else if (rule.annotationEntry?.length) rule.annotationEntry[0].text = text;
    else {
      const fresh = rule.$model.create('dmn:RuleAnnotation', { text });
      fresh.$parent = rule;
      rule.get('annotationEntry').push(fresh);
    }
    return [rule];
  }

  revert({ rule, before }) {
    rule.description = before.description;
    if (before.entries?.length) rule.annotationEntry[0].text = before.entries[0];
    else if (rule.annotationEntry?.length) rule.annotationEntry.pop();
    return [rule];
  }
}

function Annotations(components, eventBus, commandStack) {
  eventBus.on('table.init', () => commandStack.registerHandler('studio.annotate', Annotating));
  components.onGetComponent('cell', ({ cellType }) => {
    if (cellType === 'after-label-cells') return AnnotationHeader;
    return cellType === 'after-rule-cells' ? Annotation : undefined;
  });
}
Annotations.$inject = ['components', 'eventBus', 'commandStack'];

const TYPES = ['string', 'boolean', 'number', 'date', 'time', 'dateTime', 'dayTimeDuration', 'yearMonthDuration', 'list', 'Any'];

const languages = {
  options: [{ label: 'FEEL', value: 'FEEL' }],
  defaults: { editor: 'FEEL' },
};

export const options = {
  common: { expressionLanguages: languages, dataTypes: TYPES },
  drd: { additionalModules: [{ translate: ['value', translate] }] },
  literalExpression: { additionalModules: [{ translate: ['value', translate] }] },
  boxedExpression: { additionalModules: [{ translate: ['value', translate] }] },
  decisionTable: {
    additionalModules: [
      { translate: ['value', translate] },
      { __depends__: [DebounceInput], __init__: ['annotationsProvider'], annotationsProvider: ['type', Annotations] },
    ],
  },
};
