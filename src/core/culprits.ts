/** Who has to be left out: of `suspects` some, that is not known yet; none of them: it is known. */
export interface Search {
  readonly culprits: readonly string[];
  readonly suspects: readonly string[];
}

/** What works with all of both left out. */
export interface Found<Result> extends Search {
  readonly result: Result;
}

/** More than this are not each odd by themselves: what is odd lies elsewhere. */
export const CULPRITS_MOST = 8;

/**
 * Finds out who makes an attempt fail: the fewest, of `suspects` in their order, without whom and without
 * `culprits` it works. It takes for granted that to leave out more never makes it fail. Each culprit
 * costs about log2(suspects) + 1 attempts: the prefix of the suspects that has to be left out is halved
 * until its last member is known to be one. After `triesMost` attempts the answer is the smallest set so
 * far that works, with what is left to be searched another time.
 *
 * `attempt` gives undefined where it fails; that it does with `culprits` alone is known already.
 * Undefined: it fails even without all of them, or with more culprits than can be by chance.
 */
export const withoutCulprits = <Result>(
  search: Search,
  attempt: (aside: ReadonlySet<string>) => Result | undefined,
  triesMost: number,
): Found<Result> | undefined => {
  let tries = 0;
  const trial = ({ culprits, suspects }: Search): Result | undefined => {
    tries += 1;
    return attempt(new Set([...culprits, ...suspects]));
  };
  let { culprits, suspects } = search;
  let result = trial(search);
  if (result === undefined) return undefined;
  while (culprits.length < CULPRITS_MOST) {
    // Without so many of the suspects it fails.
    let least = 0;
    while (suspects.length - least > 1) {
      // One more is for those who are known by then.
      if (tries >= triesMost - 1) return { culprits, suspects, result };
      const fewer = suspects.slice(0, Math.floor((least + suspects.length) / 2));
      const found = trial({ culprits, suspects: fewer });
      if (found === undefined) least = fewer.length;
      else [suspects, result] = [fewer, found];
    }
    culprits = [...culprits, ...suspects.slice(-1)];
    suspects = suspects.slice(0, -1);
    if (suspects.length === 0) return { culprits, suspects, result };
    const alone = trial({ culprits, suspects: [] });
    if (alone !== undefined) return { culprits, suspects: [], result: alone };
  }
  return undefined;
};
