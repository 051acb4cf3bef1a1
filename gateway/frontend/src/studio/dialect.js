// What our engine reads of an element beside the standard: elements of its own namespace among the extension elements. They are read and
// written as they stand, without a schema, so that whatever else is there stays as it is. Every change is one command, to be undone.
const SPIFF = 'http://spiffworkflow.org/bpmn/schema/1.0/core';

const named = (node, local) => node.$descriptor.ns?.uri === SPIFF && node.$descriptor.ns.localName === local;

export const generic = (node) => Boolean(node?.$descriptor?.isGeneric);

export function copyOf(node) {
  const { $children, ...rest } = node;
  const fresh = node.$model.createAny(node.$descriptor.name, node.$descriptor.ns.uri, attributes(rest));
  if (node.$body !== undefined) fresh.$body = node.$body;
  if ($children) fresh.$children = $children.map(copyOf);
  return fresh;
}

const attributes = (node) => Object.fromEntries(Object.entries(node).filter(([key]) => !key.startsWith('$')));

const values = (owner) => owner?.extensionElements?.values ?? [];

const found = (owner, local) => values(owner).find((each) => named(each, local));

const make = (model, local, given = {}) => model.createAny(`spiffworkflow:${local}`, SPIFF, given);

// ---- elements with a text of their own ----

export const text = (owner, local) => found(owner, local)?.$body ?? '';

export function setText(editor, owner, local, value) {
  const fresh = value ? Object.assign(make(editor.moddle, local), { $body: value }) : null;
  put(editor, owner, local, fresh);
}

// ---- named properties ----

const propertyNodes = (owner) => found(owner, 'properties')?.$children ?? [];

export const property = (owner, name) => propertyNodes(owner).find((each) => each.name === name)?.value ?? '';

export function setProperty(editor, owner, name, value) {
  const before = propertyNodes(owner);
  const kept = before.filter((each) => value || each.name !== name).map(copyOf);
  const one = kept.find((each) => each.name === name);
  if (one) one.value = value;
  else if (value) kept.push(make(editor.moddle, 'property', { name, value }));
  const fresh = kept.length ? Object.assign(make(editor.moddle, 'properties'), { $children: kept }) : null;
  put(editor, owner, 'properties', fresh);
}

// ---- the job of a service task ----

const operator = (owner) => found(owner, 'serviceTaskOperator');

const parameters = (owner) =>
  (operator(owner)?.$children ?? []).filter((each) => named(each, 'parameters')).flatMap((each) => each.$children ?? []);

export const topic = (owner) => operator(owner)?.id ?? '';

export const parameterNames = (owner) => parameters(owner).map((each) => each.id);

export const parameter = (owner, name) => parameters(owner).find((each) => each.id === name)?.value ?? '';

export const jobResult = (owner) => operator(owner)?.resultVariable ?? '';

// Another job takes other parameters: those of the one before would be wrong.
export function setTopic(editor, owner, id) {
  const result = jobResult(owner);
  put(editor, owner, 'serviceTaskOperator', id ? make(editor.moddle, 'serviceTaskOperator', { id, ...(result && { resultVariable: result }) }) : null);
}

export function setJobResult(editor, owner, value) {
  if (!operator(owner)) return;
  const fresh = copyOf(operator(owner));
  if (value) fresh.resultVariable = value;
  else delete fresh.resultVariable;
  put(editor, owner, 'serviceTaskOperator', fresh);
}

export function setParameter(editor, owner, name, value) {
  if (!operator(owner)) return;
  const fresh = copyOf(operator(owner));
  fresh.$children ??= [];
  let list = fresh.$children.find((each) => named(each, 'parameters'));
  if (!list) fresh.$children.push((list = make(editor.moddle, 'parameters')));
  const one = (list.$children ?? []).find((each) => each.id === name);
  if (one && value) one.value = value;
  else if (one) list.$children = list.$children.filter((each) => each !== one);
  else if (value) list.$children = [...(list.$children ?? []), make(editor.moddle, 'parameter', { id: name, type: 'any', value })];
  put(editor, owner, 'serviceTaskOperator', fresh);
}

// One of an element's extension elements in place of the one of that name; null: none any more.
function put(editor, owner, local, fresh) {
  const before = values(owner);
  const at = before.findIndex((each) => named(each, local));
  const after = before.filter((_, index) => index !== at);
  if (fresh) after.splice(at < 0 ? after.length : at, 0, fresh);
  const holder = after.length ? editor.create('bpmn:ExtensionElements', { values: after }) : undefined;
  if (holder) {
    holder.$parent = owner;
    for (const each of after) each.$parent = holder;
  }
  editor.update(owner, { extensionElements: holder });
}

// bpmn-js copies no elements that it has no schema of: a task that is made another kind of task would lose what it says.
export function Copying(eventBus) {
  eventBus.on('moddleCopy.canCopyProperty', 2000, ({ property: node }) => (generic(node) ? copyOf(node) : undefined));
}
Copying.$inject = ['eventBus'];

// How the engine means some things of the standard: what a loop goes over is called by its name, which need be no element's id; whether it
// goes one by one is said even if it is the default; and so is the language of a file's expressions, as ours is another one.
export function read(moddle) {
  const { properties } = moddle.getType('bpmn:MultiInstanceLoopCharacteristics').$descriptor;
  for (const each of properties) {
    const name = each.name.replace('bpmn:', '');
    if (['loopDataInputRef', 'loopDataOutputRef'].includes(name)) Object.assign(each, { isReference: false, type: 'String' });
    if (name === 'isSequential') delete each.default;
  }
  for (const each of moddle.getType('bpmn:Definitions').$descriptor.properties) {
    if (['expressionLanguage', 'typeLanguage'].includes(each.name.replace('bpmn:', ''))) delete each.default;
  }
}
