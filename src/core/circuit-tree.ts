import type { Site } from './site.ts';

/** The tree of fuses by index into `site.circuits`; made once for a site. */
export interface CircuitTree {
  readonly indexOf: ReadonlyMap<string, number>;
  /** -1 for the root. */
  readonly parents: readonly number[];
  /** From each circuit up to the root, itself first. */
  readonly paths: readonly (readonly number[])[];
}

export const circuitTree = ({ circuits }: Pick<Site, 'circuits'>): CircuitTree => {
  const indexOf = new Map(circuits.map((circuit, index) => [circuit.id, index]));
  const parents = circuits.map(({ parent }) =>
    parent === undefined ? -1 : (indexOf.get(parent) ?? -1),
  );
  const paths = circuits.map((_circuit, index) => {
    const path: number[] = [];
    for (let at = index; at >= 0 && path.length <= circuits.length; at = parents[at] ?? -1) {
      path.push(at);
    }
    return path;
  });
  return { indexOf, parents, paths };
};
