import type { Reading } from '../core/meters/reading.ts';

/** A reading as a table for people. */
export const readingTable = (reading: Reading, title: string): string => {
  const head = `${title}\n`;
  if (reading.amps === undefined && reading.watts === undefined)
    return `${head}  not readable: ${reading.problem ?? ''}\n`;
  const problem = reading.problem === undefined ? '' : `  ${reading.quality}: ${reading.problem}\n`;
  return [
    head,
    problem,
    `  ${''.padEnd(8)}${['L1', 'L2', 'L3'].map((phase) => phase.padStart(10)).join('')}\n`,
    row('current', reading.amps, 'A'),
    row('voltage', reading.volts, 'V'),
    row('power', reading.phaseWatts, 'W'),
    row('total', one(reading.watts), 'W'),
    row('import', one(reading.importWh), 'Wh'),
    row('export', one(reading.exportWh), 'Wh'),
    row('frequency', one(reading.frequencyHz), 'Hz'),
  ].join('');
};

/** Without a sign where nothing is left of the number. */
const tenths = (value: number): string => {
  const text = Math.abs(value) < 1e15 ? value.toFixed(1) : value.toExponential(1);
  return text === '-0.0' ? '0.0' : text;
};

const one = (value: number | undefined): readonly number[] | undefined =>
  value === undefined ? undefined : [value];

const row = (label: string, values: readonly number[] | undefined, unit: string): string => {
  if (values === undefined) return '';
  const cells = values.map((value) => ` ${tenths(value).padStart(9)}`).join('');
  return `  ${label.padEnd(9).slice(0, 9)}${cells} ${unit}\n`;
};
