import type { SiteConfig } from '../schema/site-config.ts';

/** An answer of the API takes seconds at most, unless a verb says otherwise. */
const ASK_TIMEOUT_MS = 10_000;

/** The gateway refused, in its own words. */
export class GatewayRefusal extends Error {
  override readonly name = 'GatewayRefusal';
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly timeoutMs?: number;
}

/**
 * Asks the running gateway of a site file. Undefined: none answers. Throws a GatewayRefusal when it
 * does not do what it is asked.
 */
export const askGateway = async <T>(
  { listen }: SiteConfig,
  path: string,
  { method = 'GET', timeoutMs = ASK_TIMEOUT_MS }: Ask = {},
): Promise<T | undefined> => {
  const { token } = listen;
  const response = await fetch(`${gatewayUrl({ listen })}${path}`, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(timeoutMs),
  }).catch(() => undefined);
  if (response === undefined) return undefined;
  if (response.status === 401) {
    throw new GatewayRefusal(401, 'the gateway wants another listen.token');
  }
  const body: unknown = await response.json().catch(() => ({}));
  if (response.ok) return body as T;
  const { detail } = body as { readonly detail?: string };
  throw new GatewayRefusal(response.status, detail ?? `the gateway answered ${response.status}`);
};

export const noGateway = (config: Pick<SiteConfig, 'listen'>): string =>
  `no gateway answers on ${gatewayUrl(config)} (listen.http): start it with busbar serve`;

/** Where the API of a site file is found on this machine. */
export const gatewayUrl = ({ listen }: Pick<SiteConfig, 'listen'>): string =>
  `http://${listen.http.replace(/^0\.0\.0\.0|^\[::\]/, '127.0.0.1')}`;
