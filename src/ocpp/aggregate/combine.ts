import { type Payload, readInteger, readText } from '../payload.ts';
import type { Combine } from './rules.ts';

/**
 * One answer out of those of several chargers. An answer that is undefined failed: it counts as
 * the last status of the order. Nobody was asked: as a failure of one.
 */
export const combined = (rule: Combine, answers: readonly (Payload | undefined)[]): Payload => {
  if (rule.by === 'least') {
    const numbers = answers.map((answer) => readInteger(answer?.[rule.key]) ?? 0);
    return { [rule.key]: numbers.length === 0 ? 0 : Math.min(...numbers) };
  }
  if (rule.by === 'any') {
    return { [rule.key]: answers.some((answer) => answer?.[rule.key] === true) };
  }
  const { by, order } = rule;
  const failed = order.at(-1) ?? 'Rejected';
  const ranked = (answers.length === 0 ? [undefined] : answers)
    .map((answer) => {
      const rank = order.indexOf(readText(answer?.['status']) ?? failed);
      const payload = answer ?? { status: failed };
      return { rank: rank < 0 ? order.length : rank, payload };
    })
    .sort((a, b) => a.rank - b.rank);
  return (by === 'best' ? ranked[0] : ranked.at(-1))?.payload ?? { status: failed };
};
