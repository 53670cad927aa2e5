import { useEffect, useState } from 'preact/hooks';
import type { SiteView } from '../schema/view.ts';

/** Points of the chart: five minutes at one a second. */
const HISTORY_MOST = 300;

export interface Sample {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly view: SiteView;
}

export interface Live {
  readonly view: SiteView | undefined;
  readonly history: readonly Sample[];
  /** False while the gateway does not answer. */
  readonly connected: boolean;
}

/** The live feed; the browser reconnects by itself. */
export const useLive = (): Live => {
  const [live, setLive] = useState<Live>({ view: undefined, history: [], connected: false });
  useEffect(() => {
    const source = new EventSource('api/v1/events');
    source.onmessage = ({ data }: MessageEvent<string>) => {
      const view = JSON.parse(data) as SiteView;
      const at = Date.parse(view.at) / 1000;
      setLive(({ history }) => ({
        view,
        connected: true,
        history: [...history.slice(1 - HISTORY_MOST), { at, view }],
      }));
    };
    source.onerror = () => setLive((before) => ({ ...before, connected: false }));
    return () => source.close();
  }, []);
  return live;
};
