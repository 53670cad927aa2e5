import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { CircuitView } from '../schema/view.ts';
import type { Sample } from './live.ts';
import { Scroll } from './scroll.tsx';

const HEIGHT = 240;
const WINDOW_SECONDS = 300;
/** A page that was just opened shows at least this much. */
const WINDOW_LEAST_SECONDS = 60;
/** Told apart by colour, dash and label. */
const PHASES = [
  { label: 'L1', variable: '--l1', dash: [] },
  { label: 'L2', variable: '--l2', dash: [8, 3] },
  { label: 'L3', variable: '--l3', dash: [2, 3] },
] as const;

type Columns = [number[], ...(number | null)[][]];

const columnsOf = (history: readonly Sample[], id: string): Columns => {
  const circuits = history.map((sample) => sample.circuits.find((circuit) => circuit.id === id));
  const column = (of: (circuit: Sample['circuits'][number]) => number | null | undefined) =>
    circuits.map((circuit) => (circuit === undefined ? null : (of(circuit) ?? null)));
  return [
    history.map(({ at }) => at),
    ...PHASES.map((_phase, p) => column((circuit) => circuit.measuredAmps?.[p])),
    column((circuit) => Math.min(...circuit.limitInForceAmps)),
  ];
};

const themed = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The window grows with what there is to show. */
const firstShown = (low: number, high: number): number =>
  Math.min(high - WINDOW_LEAST_SECONDS, Math.max(low, high - WINDOW_SECONDS));

const timeOfDay = (seconds: number): string =>
  new Date(seconds * 1000).toLocaleTimeString([], { hourCycle: 'h23' });

const optionsOf = (width: number): uPlot.Options => ({
  width,
  height: HEIGHT,
  legend: { show: false },
  cursor: { y: false },
  scales: {
    x: { range: (_plot, low, high) => [firstShown(low, high), high] },
    y: { range: (_plot, _low, high) => [0, Math.max(10, (high ?? 0) * 1.12)] },
  },
  axes: [
    {
      stroke: () => themed('--muted'),
      grid: { show: false },
      ticks: { show: false },
      space: 90,
      // The lowest level and the first time stand apart.
      gap: 10,
      size: 33,
      values: (_plot, values) => values.map(timeOfDay),
    },
    {
      stroke: () => themed('--muted'),
      grid: { stroke: () => themed('--line'), width: 1 },
      ticks: { show: false },
      size: 44,
      values: (_plot, values) => values.map((value) => `${value} A`),
    },
  ],
  series: [
    {},
    ...PHASES.map(({ label, variable, dash }) => ({
      label,
      stroke: () => themed(variable),
      width: 2,
      dash: [...dash],
      points: { show: false },
    })),
    {
      label: 'Limit',
      stroke: () => themed('--limit'),
      width: 2,
      paths: uPlot.paths.stepped?.({ align: 1 }) ?? null,
      points: { show: false },
    } as uPlot.Series,
  ],
});

/** Measured amps of a circuit against its limit, the last five minutes. */
export const CircuitChart = ({
  circuit,
  history,
}: {
  circuit: CircuitView;
  history: readonly Sample[];
}) => {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [asTable, setAsTable] = useState(false);
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const made = new uPlot(optionsOf(element.clientWidth), [[]], element);
    plot.current = made;
    const resized = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [asTable]);
  useEffect(() => plot.current?.setData(columnsOf(history, circuit.id) as uPlot.AlignedData));
  return (
    <figure class="chart">
      <figcaption>
        {PHASES.map(({ label }, p) => (
          <span class={`key key-${label.toLowerCase()}`} key={label}>
            {label}{' '}
            <b>{circuit.measuredAmps === null ? '–' : circuit.measuredAmps[p]?.toFixed(1)}</b>
          </span>
        ))}
        <span class="key key-limit">
          limit <b>{Math.min(...circuit.limitInForceAmps)} A</b>
        </span>
        <button type="button" onClick={() => setAsTable(!asTable)}>
          {asTable ? 'Chart' : 'Table'}
        </button>
      </figcaption>
      {asTable ? (
        <HistoryTable history={history} id={circuit.id} />
      ) : (
        <div ref={holder} role="img" aria-label={`Amps of ${circuit.id} against its limit`} />
      )}
    </figure>
  );
};

const HistoryTable = ({ history, id }: { history: readonly Sample[]; id: string }) => (
  <Scroll label={`History of ${id}`}>
    <table>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">L1 A</th>
          <th scope="col">L2 A</th>
          <th scope="col">L3 A</th>
          <th scope="col">Limit A</th>
        </tr>
      </thead>
      <tbody>
        {history
          .filter((_sample, i) => (history.length - 1 - i) % 10 === 0)
          .reverse()
          .map(({ at, circuits }) => {
            const circuit = circuits.find((each) => each.id === id);
            return (
              <tr key={at}>
                <td>{timeOfDay(at)}</td>
                {[0, 1, 2].map((p) => (
                  <td key={p}>{circuit?.measuredAmps?.[p]?.toFixed(1) ?? '–'}</td>
                ))}
                <td>{circuit === undefined ? '–' : Math.min(...circuit.limitInForceAmps)}</td>
              </tr>
            );
          })}
      </tbody>
    </table>
  </Scroll>
);
