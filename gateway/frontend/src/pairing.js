// Two versions beside each other: a click on a step of the one and then on one of the other maps them. The table's selects say what is sent.
const root = document.querySelector('[data-pairing]');

function setUp() {
  const selects = [...document.querySelectorAll('select[data-pair]')];
  const said = document.querySelector('[data-picked]');
  const sides = Object.fromEntries([...root.querySelectorAll('[data-side]')].map((one) => [one.dataset.side, one]));
  let picked = null;

  function marks(side, process) {
    const found = {};
    const taken = new Set();
    for (const select of selects) {
      const [of, element] = select.value.split('/');
      if (side === 'old' && select.dataset.process === process) {
        found[select.dataset.element] = select.value ? { pair: select.dataset.pair } : { state: 'removed', note: '' };
      } else if (side === 'new' && of === process) {
        const before = found[element]?.pair;
        found[element] = { pair: before ? `${before}, ${select.dataset.pair}` : select.dataset.pair };
        taken.add(element);
      }
    }
    return { found, taken };
  }

  function paint() {
    for (const [side, figure] of Object.entries(sides)) {
      for (const tab of figure.querySelectorAll('[data-marks]')) {
        const before = JSON.parse(tab.dataset.marks);
        const { found, taken } = marks(side, tab.dataset.process);
        if (side === 'new') {
          for (const element of Object.keys(before)) if (!taken.has(element)) found[element] = { state: 'added', note: '' };
        }
        tab.dataset.marks = JSON.stringify(found);
      }
      figure.dataset.chosen = side === 'old' && picked ? picked.dataset.element : '';
      if (figure.dataset.ready) figure.dispatchEvent(new CustomEvent('paint'));
    }
  }

  root.addEventListener('pick', ({ target, detail }) => {
    if (target.dataset.side === 'old') {
      picked = selects.find((one) => one.dataset.process === detail.process && one.dataset.element === detail.element) ?? null;
      const name = picked && document.getElementById(picked.getAttribute('aria-labelledby')).textContent;
      said.textContent = picked ? root.dataset.pick.replace('{name}', name) : '';
    } else if (picked) {
      const wanted = `${detail.process}/${detail.element}`;
      const fits = [...picked.options].some((one) => one.value === wanted);
      if (fits) picked.value = wanted;
      said.textContent = fits ? root.dataset.unsaved : root.dataset.unfit;
      if (fits) picked = null;
    }
    paint();
  });
  for (const select of selects) {
    select.addEventListener('change', () => {
      said.textContent = root.dataset.unsaved;
      paint();
    });
  }
}

if (root) setUp();
