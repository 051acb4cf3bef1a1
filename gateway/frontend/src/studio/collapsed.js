// The editor draws what is in a collapsed sub-process on a sheet of its own, and moves it there in the file. The file keeps it where it was:
// before it is saved everything moves back, and afterwards to the sheet again.
const FIRST = 2000; // before the editor moves
const LAST = 100; // and after it

const points = (each) => each.waypoint ?? (each.bounds ? [each.bounds] : []);
const listed = (definitions) => (definitions.diagrams ?? []).filter((each) => each.plane);

// Notes what the editor moves while it opens a file; returns what has to be done around saving: `home()` returns the way back.
export function collapsed(modeler) {
  let sheets = []; // each: its diagram, the plane that its content is from, and how far it was moved
  let order = new Map();
  let definitions = null;
  let before = null;

  modeler.on('import.render.start', FIRST, (event) => {
    definitions = event.definitions;
    order = new Map(listed(definitions).map((each) => [each.plane, [...each.plane.get('planeElement')]]));
    before = new Map([...order].flatMap(([plane, elements]) => elements.map((each) => [each, { plane, at: points(each).map(({ x, y }) => ({ x, y })) }])));
  });
  modeler.on('import.render.start', LAST, () => {
    sheets = listed(definitions).filter((each) => !order.has(each.plane)).map((diagram) => {
      const first = diagram.plane.get('planeElement').find((each) => points(each).length);
      const { plane, at } = before.get(first) ?? {};
      const [now] = first ? points(first) : [];
      return { diagram, plane, x: first ? at[0].x - now.x : 0, y: first ? at[0].y - now.y : 0 };
    });
  });

  function shift(elements, x, y) {
    for (const each of elements) for (const point of points(each)) Object.assign(point, { x: near(point.x + x), y: near(point.y + y) });
  }

  return function home() {
    const all = definitions?.diagrams;
    const undo = [];
    for (const { diagram, plane, x, y } of sheets) {
      const elements = [...diagram.plane.get('planeElement')];
      if (!all.includes(diagram) || (elements.length && !plane)) continue; // gone, or begun here
      const [index, there] = [all.indexOf(diagram), plane && [...plane.planeElement]];
      all.splice(index, 1);
      shift(elements, x, y);
      if (plane) plane.planeElement = arranged([...plane.planeElement, ...elements], order.get(plane));
      undo.unshift(() => {
        all.splice(index, 0, diagram);
        shift(elements, -x, -y);
        if (plane) plane.planeElement = there;
      });
    }
    return () => undo.forEach((each) => each());
  };
}

// As they stood, those that are new behind them.
const arranged = (elements, was) => [...was.filter((each) => elements.includes(each)), ...elements.filter((each) => !was.includes(each))];

const near = (value) => Number(value.toFixed(6)); // 0.1 + 0.2 is 0.3
