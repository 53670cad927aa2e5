import { useEffect, useState } from 'preact/hooks';
import type { CircuitView, SiteView } from '../schema/view.ts';

/** Points of the chart: five minutes at one a second. */
const HISTORY_MOST = 300;

export interface Sample {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly circuits: readonly Pick<CircuitView, 'id' | 'measuredAmps' | 'limitInForceAmps'>[];
}

export interface Live {
  readonly view: SiteView | undefined;
  readonly history: readonly Sample[];
  /** False while the gateway does not answer; undefined before the first answer. */
  readonly connected: boolean | undefined;
}

/** After an answer that is no feed (too many pages, a proxy without gateway) it is tried again. */
const REOPEN_MS = 5_000;

/** The live feed; where only the network failed the browser reconnects by itself. */
export const useLive = (): Live => {
  const [live, setLive] = useState<Live>({ view: undefined, history: [], connected: undefined });
  useEffect(() => {
    const take = ({ data }: MessageEvent<string>) => {
      const view = JSON.parse(data) as SiteView;
      const at = Date.parse(view.at) / 1000;
      setLive(({ history }) => ({
        view,
        connected: true,
        history: [...history.slice(1 - HISTORY_MOST), { at, circuits: view.circuits }],
      }));
    };
    let source: EventSource;
    let reopening: ReturnType<typeof setTimeout> | undefined;
    const open = (): void => {
      source = new EventSource('api/v1/events');
      source.onmessage = take;
      source.onerror = () => {
        setLive((before) => ({ ...before, connected: false }));
        if (source.readyState === EventSource.CLOSED) reopening = setTimeout(open, REOPEN_MS);
      };
    };
    open();
    void pastSamples().then((past) =>
      setLive((before) => {
        const first = before.history[0]?.at ?? Number.POSITIVE_INFINITY;
        const older = past.filter(({ at }) => at < first);
        return { ...before, history: [...older, ...before.history].slice(-HISTORY_MOST) };
      }),
    );
    return () => {
      clearTimeout(reopening);
      source.close();
    };
  }, []);
  return live;
};

/** What the gateway remembers of the last minutes; nothing when it does not answer. */
const pastSamples = async (): Promise<readonly Sample[]> => {
  try {
    const answer = await fetch('api/v1/history');
    const { samples } = (await answer.json()) as {
      readonly samples: readonly { readonly at: string; readonly circuits: Sample['circuits'] }[];
    };
    return samples.map(({ at, circuits }) => ({ at: Date.parse(at) / 1000, circuits }));
  } catch {
    return [];
  }
};
