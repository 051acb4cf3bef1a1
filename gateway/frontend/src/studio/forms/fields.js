// What can be said of a field (or of the whole form), as data: for which kinds, what it is called, and where in the file it stands.
// kind: text, area (several lines), code (an expression), number, yes, choose, choices, shown.
import { _ } from '../../words.js';
import * as model from './model.js';

export const KIND_NAMES = {
  text: _('一行文字'), long: _('一段文字'), integer: _('整数'), number: _('数字'), date: _('日期'), yes: _('是或否'), choice: _('选一项'),
  checks: _('选几项'), attachments: _('附件'), group: _('可重复的一组'),
};
export const OUTCOME_NAME = _('决定（按钮）');

const set = (field, key, value) => {
  if (value === undefined || value === '') delete field[key];
  else field[key] = value;
};
const plain = (key) => ({ get: (at) => at.field[key] ?? '', set: (at, value) => set(at.field, key, value) });
const flag = (key) => ({ get: (at) => Boolean(at.field[key]), set: (at, value) => set(at.field, key, value || undefined) });
const number = (key) => ({ kind: 'number', get: (at) => at.field[key] ?? '', set: (at, value) => set(at.field, key, value === '' ? undefined : Number(value)) });
const of = (...kinds) => (at) => kinds.includes(at.kind);
const isOutcome = (at) => at.path?.length === 1 && at.path[0] === model.OUTCOME;
const isField = (at) => Boolean(at.path);
const inRow = (at) => at.path?.length === 2;

const NUMBERS = ['integer', 'number'];
const TEXTS = ['text', 'long'];

export const GROUPS = [
  {
    title: _('标题和说明'),
    fields: [
      { key: 'title', label: _('标题'), kind: 'text', ...plain('title') },
      { key: 'x-title-en', label: _('英文标题'), kind: 'text', ...plain('x-title-en') },
      { key: 'description', label: _('填写说明'), kind: 'area', when: (at) => isField(at) && !isOutcome(at), ...plain('description') },
      { key: 'x-description-en', label: _('英文填写说明'), kind: 'area', when: (at) => isField(at) && !isOutcome(at), ...plain('x-description-en') },
    ],
  },
  {
    title: _('怎样填'),
    when: isField,
    fields: [
      {
        key: 'kind', label: _('填什么'), kind: 'choose', when: (at) => !isOutcome(at),
        options: (at) => (inRow(at) ? model.IN_ROWS : model.KINDS).map((each) => [each, KIND_NAMES[each]]),
        get: (at) => at.kind,
        set: (at, value) => at.replace(model.shaped(value, at.field, inRow(at))),
      },
      { key: 'required', label: _('必须填'), kind: 'yes', get: (at) => model.isRequired(at.schema, at.path), set: (at, value) => model.oblige(at.schema, at.path, value) },
      { key: 'x-half', label: _('和旁边的一项排在同一行'), kind: 'yes', when: (at) => !isOutcome(at) && !of('group', 'attachments', 'long')(at), ...flag('x-half') },
      { key: 'x-text', label: _('内容单独保管，到期按规定删除'), kind: 'yes', when: (at) => of(...TEXTS)(at) && !inRow(at), ...flag('x-text') },
      { key: 'minLength', label: _('至少几个字'), when: of(...TEXTS), ...number('minLength') },
      { key: 'maxLength', label: _('最多几个字'), when: of(...TEXTS), ...number('maxLength') },
      { key: 'minimum', label: _('不小于'), when: of(...NUMBERS), ...number('minimum') },
      { key: 'maximum', label: _('不大于'), when: of(...NUMBERS), ...number('maximum') },
      { key: 'minItems', label: _('至少几项'), when: of('checks', 'group', 'attachments'), ...number('minItems') },
      { key: 'maxItems', label: _('最多几项'), when: of('checks', 'group', 'attachments'), ...number('maxItems') },
      { key: 'pattern', label: _('须符合的正则表达式'), kind: 'code', when: of('text'), ...plain('pattern') },
    ],
  },
  {
    title: _('可选的内容'),
    when: (at) => isField(at) && of('choice', 'checks')(at),
    fields: [
      {
        key: 'x-widget', label: _('样子'), kind: 'choose', when: (at) => of('choice')(at) && !isOutcome(at),
        options: () => [['', _('按项数自动')], ['radio', _('逐项列出')], ['select', _('下拉列表')]], ...plain('x-widget'),
      },
      { key: 'choices', label: _('列出的项'), kind: 'choices', get: (at) => model.choicesOf(at.field), set: (at, value) => model.setChoices(at.field, value) },
      { key: 'x-options', label: _('按情况列出（表达式）'), kind: 'code', hint: _('以 = 开头的 FEEL，写了就以它列出的为准'), ...plain('x-options') },
    ],
  },
  {
    title: _('什么时候要填'),
    when: (at) => isField(at) && !isOutcome(at) && !inRow(at),
    fields: [
      { key: 'x-show', label: _('什么时候要填'), kind: 'shown', get: (at) => at.field['x-show'] ?? '', set: (at, value) => set(at.field, 'x-show', value) },
    ],
  },
  {
    title: _('代号'),
    when: (at) => isField(at) && !isOutcome(at),
    fields: [
      { key: 'name', label: _('流程里叫它什么'), kind: 'code', hint: _('字母、数字和下划线；流程图里已用到的，改了要一起改'), get: (at) => at.path.at(-1), set: (at, value) => at.rename(value.trim()) },
    ],
  },
];
