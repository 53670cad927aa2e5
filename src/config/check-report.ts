import type { ConfigProblem } from './load.ts';

export type Path = readonly (string | number)[];

/** Notes what is wrong at a place of the site file. */
export type Report = (severity: ConfigProblem['severity'], path: Path, text: string) => void;
