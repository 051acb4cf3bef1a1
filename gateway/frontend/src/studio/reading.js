// A diagram's text opened in the editor, with nothing lost that the editor itself would drop with the next saving.
import { collapsed } from './collapsed.js';

// Opens it. Returns what of it can't be kept, and what can't be drawn (but stays in the file), in the words of the parser.
export async function open(modeler, text) {
  let parsed = [];
  const hear = ({ warnings, definitions }) => {
    parsed = [...warnings];
    unmarked.set(modeler, plainGateways(definitions));
  };
  modeler.on('import.parse.complete', hear);
  try {
    const { warnings } = await modeler.importXML(aliased(plain(text)));
    const lost = parsed.filter((each) => !keep(each));
    await modeler.saveXML(); // whoever can't save it had better not begin
    return { lost: lost.map(said), undrawn: warnings.filter((each) => !parsed.includes(each)).map(said) };
  } finally {
    modeler.off('import.parse.complete', hear);
  }
}

// From now on what the editor saves is what was opened.
export function faithful(modeler) {
  const home = collapsed(modeler);
  const save = modeler.saveXML.bind(modeler);
  modeler.saveXML = async (options) => {
    const marked = (unmarked.get(modeler) ?? []).filter((each) => each.isMarkerVisible);
    for (const each of marked) each.isMarkerVisible = undefined;
    const again = home();
    try {
      const { xml } = await save(options);
      return { xml: restored(spelt(xml)) };
    } finally {
      again();
      for (const each of marked) each.isMarkerVisible = true;
    }
  };
}

// The editor marks every gateway of which the file does not say whether it is; the file keeps its silence.
const unmarked = new WeakMap();

function plainGateways(definitions) {
  const shapes = (definitions?.diagrams ?? []).flatMap((each) => each.plane?.planeElement ?? []);
  return shapes.filter((each) => each.bpmnElement?.$type === 'bpmn:ExclusiveGateway' && each.isMarkerVisible === undefined);
}

// Text, in whatever encoding the file was; and lines end as XML has it, so that the ends that are still those of Windows are meant so...
const plain = (text) => text.replace(/^(\s*<\?xml\b[^>]*?)\s+encoding\s*=\s*(?:"[^"]*"|'[^']*')/, '$1').replace(/\r\n?/g, '\n');

// ...and are written as such, except where nothing can be.
const spelt = (xml) => xml.replace(/<!\[CDATA\[[^]*?\]\]>|\r/g, (found) => (found === '\r' ? '&#13;' : found));

const said = ({ message }) => message.split('\n')[0];

// A reference to what is not in the file (another file's, a tool's own) would be dropped: it is kept as it is written.
function keep({ element, property, value }) {
  const known = value !== undefined && element?.$descriptor?.propertiesByName?.[property];
  if (!known?.isReference) return false;
  if (known.isMany) element.get(property).push({ id: value });
  else element.set(property, { id: value });
  return true;
}

// The parser takes an attribute with the prefix of its own element (<t:a t:x="1">) for the one without (<t:a x="1">). Until it is saved, such
// attributes are in a namespace of their own.
const ALIAS = 'urn:of-its-element:';
const XMLNS = 'http://www.w3.org/2000/xmlns/';
const PREFIXED = /<([\w.-]+):[^<>]*\s\1:[\w.-]+\s*=/;

function aliased(text) {
  if (!PREFIXED.test(text)) return text;
  const file = new DOMParser().parseFromString(text, 'application/xml');
  if (file.querySelector('parsererror')) return text;
  const root = file.documentElement;
  const prefixes = new Map();
  for (const element of root.querySelectorAll('*')) {
    for (const each of [...element.attributes]) {
      const space = each.namespaceURI;
      if (!each.prefix || space !== element.namespaceURI || space.startsWith('http://www.omg.org/')) continue;
      if (!prefixes.has(space)) prefixes.set(space, `own${prefixes.size}`);
      element.setAttributeNS(ALIAS + space, `${prefixes.get(space)}:${each.localName}`, each.value);
      element.removeAttributeNode(each);
    }
  }
  for (const [space, prefix] of prefixes) root.setAttributeNS(XMLNS, `xmlns:${prefix}`, ALIAS + space);
  return prefixes.size ? new XMLSerializer().serializeToString(file) : text;
}

function restored(text) {
  if (!text.includes(ALIAS)) return text;
  const file = new DOMParser().parseFromString(text, 'application/xml');
  for (const element of file.documentElement.querySelectorAll('*')) {
    for (const each of [...element.attributes]) {
      if (!each.namespaceURI?.startsWith(ALIAS)) continue;
      const space = each.namespaceURI.slice(ALIAS.length);
      element.setAttributeNS(space, `${element.lookupPrefix(space)}:${each.localName}`, each.value);
      element.removeAttributeNode(each);
    }
  }
  const root = file.documentElement;
  for (const each of [...root.attributes]) if (each.namespaceURI === XMLNS && each.value.startsWith(ALIAS)) root.removeAttributeNode(each);
  return new XMLSerializer().serializeToString(file);
}
