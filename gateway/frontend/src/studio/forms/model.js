// A form file as data: fields in order, what kind each is, and the ways to change them. What is not known here stays as it is.

export const OUTCOME = 'outcome';

export const isGroup = (schema) => schema.type === 'array' && schema.items?.type === 'object';

export function kindOf(schema) {
  if (schema['x-widget'] === 'attachments') return 'attachments';
  if (isGroup(schema)) return 'group';
  if (schema.type === 'array') return 'checks';
  if (schema.type === 'boolean') return 'yes';
  if (schema.oneOf || schema.enum || schema['x-options']) return 'choice';
  if (schema.format === 'date') return 'date';
  if (schema.type === 'integer' || schema.type === 'number') return schema.type;
  return schema['x-widget'] === 'textarea' || schema['x-text'] || schema.maxLength > 120 ? 'long' : 'text';
}

const CHOICES = () => [{ const: 'a', title: '' }, { const: 'b', title: '' }];

// What a kind needs; the rest of a field that becomes another kind (its titles, when it is shown) is kept.
const SHAPES = {
  text: () => ({ type: 'string', maxLength: 100, 'x-text': true, 'x-widget': undefined }),
  long: () => ({ type: 'string', maxLength: 4000, 'x-text': true, 'x-widget': 'textarea' }),
  integer: () => ({ type: 'integer' }),
  number: () => ({ type: 'number' }),
  date: () => ({ type: 'string', format: 'date' }),
  yes: () => ({ type: 'boolean' }),
  choice: () => ({ type: 'string', 'x-widget': 'radio', oneOf: CHOICES() }),
  checks: () => ({ type: 'array', items: { type: 'string', oneOf: CHOICES() }, uniqueItems: true }),
  attachments: () => ({ type: 'array', items: { type: 'string' }, 'x-widget': 'attachments' }),
  group: () => ({ type: 'array', items: { type: 'object', properties: {}, required: [] } }),
};
const KEPT = ['title', 'x-title-en', 'description', 'x-description-en', 'x-show', 'x-half'];

export const KINDS = Object.keys(SHAPES);
export const IN_ROWS = ['text', 'integer', 'number', 'date', 'yes', 'choice'];

export function shaped(kind, before = {}, inRow = false) {
  const kept = Object.fromEntries(KEPT.filter((key) => key in before).map((key) => [key, before[key]]));
  const { type, ...rest } = SHAPES[kind]();
  const fresh = { type, ...kept, ...rest };
  if (inRow) delete fresh['x-text'];
  return JSON.parse(JSON.stringify(fresh)); // without what is undefined
}

// ---- where a field stands: [name], or [group, column] ----

export function holderOf(schema, path) {
  return path.length > 1 ? schema.properties[path[0]].items : schema;
}

export const fieldAt = (schema, path) => holderOf(schema, path)?.properties?.[path.at(-1)];

function reorder(holder, names) {
  holder.properties = Object.fromEntries(names.map((each) => [each, holder.properties[each]]));
}

export function move(schema, path, by) {
  const holder = holderOf(schema, path);
  const names = Object.keys(holder.properties);
  const at = names.indexOf(path.at(-1));
  if (at + by < 0 || at + by >= names.length) return;
  names.splice(at + by, 0, ...names.splice(at, 1));
  reorder(holder, names);
}

export function remove(schema, path) {
  const holder = holderOf(schema, path);
  delete holder.properties[path.at(-1)];
  oblige(schema, path, false);
}

export function freeName(holder, stem = 'field') {
  let number = 1;
  while (`${stem}_${number}` in (holder.properties ?? {})) number += 1;
  return `${stem}_${number}`;
}

export function add(schema, path, field, name) {
  const holder = path.length ? schema.properties[path[0]].items : schema;
  holder.properties ??= {};
  holder.properties[name] = field;
  oblige(schema, [...path, name], true);
}

export function rename(schema, path, name) {
  const holder = holderOf(schema, path);
  if (!name || name in holder.properties) return false;
  const old = path.at(-1);
  holder.properties = Object.fromEntries(Object.entries(holder.properties).map(([key, value]) => [key === old ? name : key, value]));
  if (holder.required) holder.required = holder.required.map((each) => (each === old ? name : each));
  return true;
}

export const isRequired = (schema, path) => Boolean(holderOf(schema, path)?.required?.includes(path.at(-1)));

// In the order of the fields, where it was so before.
export function oblige(schema, path, wanted) {
  const holder = holderOf(schema, path);
  const name = path.at(-1);
  const known = holder.required ?? [];
  if (wanted === known.includes(name)) return;
  if (!wanted) { holder.required = known.filter((each) => each !== name); return; }
  const order = Object.keys(holder.properties);
  const after = known.findIndex((each) => order.indexOf(each) > order.indexOf(name));
  holder.required = [...known];
  holder.required.splice(after < 0 ? known.length : after, 0, name);
}

// ---- when a field is shown: by the outcome, or by any expression ----

export function outcomesOf(schema) {
  const outcome = schema.properties?.[OUTCOME];
  return (outcome?.oneOf ?? (outcome?.enum ?? []).map((each) => ({ const: each, title: String(each) }))).filter((each) => typeof each.const === 'string');
}

const TERM = /^outcome\s*=\s*"([^"\\]*)"$/;

// The outcomes that an expression names and nothing else; null for any other expression.
export function outcomesIn(expression) {
  const terms = expression.trim().replace(/^=/, '').trim().split(/\s+or\s+/).map((each) => TERM.exec(each.trim())?.[1]);
  return terms.every((each) => each !== undefined) ? terms : null;
}

export const showFor = (outcomes) => `= ${outcomes.map((each) => `outcome = ${JSON.stringify(each)}`).join(' or ')}`;

// ---- choices ----

// Where the list of choices stands: beside an expression (x-options) it has their English titles.
export const choiceHolder = (field) => (field.type === 'array' ? (field.items ??= { type: 'string' }) : field);

export function choicesOf(field) {
  const holder = choiceHolder(field);
  return holder.oneOf ?? (holder.enum ?? []).map((each) => ({ const: each }));
}

export function setChoices(field, choices) {
  const holder = choiceHolder(field);
  if (holder.enum && choices.every((each) => Object.keys(each).length === 1)) { holder.enum = choices.map((each) => each.const); return; }
  delete holder.enum;
  if (choices.length) holder.oneOf = choices.map((each) => ('title' in each ? each : { const: each.const, title: String(each.const) }));
  else delete holder.oneOf;
}
