/** Edit distance without regard to case (Levenshtein), for "did you mean". */
export const distance = (a: string, b: string): number => {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: y.length + 1 }, (_, i) => i);
  for (let i = 1; i <= x.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= y.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (x[i - 1] === y[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[y.length] ?? 0;
};

/** Of a shorter name almost any other is near. */
const SHORT_LENGTH = 3;

/** The name most like `name`, where one is near enough to have been meant; "ttl" means ttlSeconds. */
export const nearestName = (name: string, names: Iterable<string>): string | undefined => {
  const known = [...names];
  const longer = known.filter((each) => each.toLowerCase().startsWith(name.toLowerCase()));
  if (longer.length === 1 && name.length >= SHORT_LENGTH) return longer[0];
  const most = name.length <= SHORT_LENGTH ? 1 : Math.max(2, name.length / 3);
  let least = Math.floor(Math.min(most, name.length - 1)) + 1;
  let best: string | undefined;
  for (const each of known) {
    // So much is different at least: of a large site most names need no closer look.
    if (Math.abs(each.length - name.length) >= least) continue;
    const changes = distance(name, each);
    if (changes >= least) continue;
    [best, least] = [each, changes];
  }
  return best;
};

/** A name that nobody has, the one that was meant, and those there are: at most so many of them. */
export const unknownText = (
  what: string,
  name: string,
  names: Iterable<string>,
  shownMost = Number.POSITIVE_INFINITY,
): string => {
  const known = [...names];
  const near = nearestName(name, known);
  const hint = near === undefined ? '' : `did you mean "${near}"? `;
  const shown = known.slice(0, shownMost).join(', ') || 'none';
  const more = known.length > shownMost ? ', ...' : '';
  return `unknown ${what} "${name}"; ${hint}known are ${shown}${more}`;
};
