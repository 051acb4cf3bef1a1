// A time limit in working days, as owners say it, and as it stands in the diagram.
const DAYS = /^=\s*add working days\(now\(\),\s*(\d{1,3}),\s*case\.place\)$/;

export const inDays = {
  // How many; NaN for a limit that is said otherwise, or none.
  days: (body) => Number(DAYS.exec(body ?? '')?.[1] ?? NaN),
  body: (days) => `= add working days(now(), ${days}, case.place)`,
};

// A field for the number, beside the field of the expression: `get` and `set` are that one's. What is no number stays as it was typed, for the check
// to say what is wrong with it.
export const daysOf = ({ get, set }) => ({
  get: (at) => (inDays.days(get(at)) >= 0 ? String(inDays.days(get(at))) : ''),
  set: (at, value) => set(at, /^\d{1,3}$/.test(value.trim()) ? inDays.body(Number(value)) : value.trim()),
});
