import { timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import swagger from '@fastify/swagger';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Log } from '../core/log.ts';
import type { Cancel, Clock } from '../core/time.ts';
import type { ApiRoute } from '../schema/api-route.ts';
import { withProblems } from '../schema/open-api.ts';
import { type SiteView, SiteViewSchema } from '../schema/view.ts';

/** Live pages open at once; further ones are told to come back. */
const LIVE_MOST = 32;
const LIVE_EVERY_MS = 1_000;
/** A page that takes its events slower than this many bytes behind is dropped. */
const LIVE_BEHIND_MOST_BYTES = 1024 * 1024;
const BODY_MOST_BYTES = 64 * 1024;

export interface HttpOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly view: () => SiteView;
  readonly ready: () => { readonly ready: boolean; readonly problems: readonly string[] };
  readonly metrics: () => Promise<string>;
  /** Folder of the built page; without one there is only the API. */
  readonly uiFolder: string;
  readonly version: string;
  readonly token?: string;
  /** Absent: as many as anybody needs. */
  readonly socketsMost?: number;
  readonly routes?: readonly ApiRoute[];
  readonly log: Log;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

const TOKEN_NEEDED =
  'a token is needed: "Authorization: Bearer" and listen.token; to a browser it is the password';
const LOOPBACK_ONLY =
  'unknown host name: listen.http is for this machine only, so use http://127.0.0.1 or localhost';
const NOTHING_HERE = 'there is nothing here: /api/v1/openapi.json lists what there is';
/** Who sends less in that time is no page and no script; they would hold the door for ever. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 20_000;
const CHECK_MS = 2_000;
export const PAGES_MOST = 512;

/** The page, the API, health and metrics. */
export const startHttp = async (options: HttpOptions): Promise<HttpServer> => {
  const app = fastify({
    bodyLimit: BODY_MOST_BYTES,
    forceCloseConnections: true,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CHECK_MS },
  });
  app.server.maxConnections = options.socketsMost ?? PAGES_MOST;
  // The timeout of headers begins with their first byte: who never says one would stay for ever.
  app.server.on('connection', (socket) => {
    const end = (): void => void (socket.bytesRead === 0 && socket.destroy());
    socket.once('close', options.clock.after(HEADERS_TIMEOUT_MS, end));
  });
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Busbar', version: options.version } },
  });
  guard(app, options);
  const methodsOf = methodsByPath(app);
  // Before the routes: they take the handler that is there when they are registered.
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) options.log.error('request failed', { problem: error.message });
    return problem(reply, status, status >= 500 ? 'internal error' : error.message);
  });
  await app.register(async (routes) => addRoutes(routes, options));
  addPage(app, options.uiFolder);
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsOf(request.url).join(', ');
    if (methods === '') return problem(reply, 404, NOTHING_HERE);
    reply.header('allow', methods);
    return problem(reply, 405, `${request.method} means nothing here: use ${methods}`);
  });
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    throw error;
  }
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => app.close(),
  };
};

/** Which methods a path takes; none: there is no such path. */
const methodsByPath = (app: FastifyInstance): ((url: string) => readonly string[]) => {
  const routes: { readonly path: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const path = new RegExp(`^${url.replace(/\./g, '\\.').replace(/:\w+/g, '[^/]+')}$`);
    routes.push({ path, methods: [method].flat() });
  });
  return (url) => {
    const [path = ''] = url.split('?');
    return routes.filter((route) => route.path.test(path)).flatMap(({ methods }) => methods);
  };
};

const addRoutes = (app: FastifyInstance, options: HttpOptions): void => {
  app.get('/healthz', { schema: { description: 'The process is alive' } }, () => ({ ok: true }));
  app.get(
    '/readyz',
    { schema: { description: 'The control cycle is fresh and everything it needs is there' } },
    (_request, reply) => {
      const state = options.ready();
      return reply.code(state.ready ? 200 : 503).send(state);
    },
  );
  app.get(
    '/api/v1/state',
    { schema: { description: 'The site as of the last tick', response: { 200: SiteViewSchema } } },
    () => options.view(),
  );
  app.get(
    '/api/v1/events',
    // A HEAD would take the place of a page and never end.
    { exposeHeadRoute: false, schema: { description: 'The same, live (server-sent events)' } },
    live(options),
  );
  for (const route of options.routes ?? []) addApiRoute(app, route);
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, () =>
    withProblems(app.swagger(), options.token !== undefined),
  );
  app.get('/metrics', { schema: { description: 'For Prometheus' } }, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4').send(await options.metrics()),
  );
};

const addApiRoute = (
  app: FastifyInstance,
  { method, path, description, query: names = {}, handle }: ApiRoute,
): void => {
  app.route({
    method,
    url: path,
    schema: { description, querystring: querySchema(names) },
    handler: async (request, reply) => {
      const { params, query, body } = request;
      const answer = await handle({
        params: params as Record<string, string>,
        query: query as Record<string, string>,
        body,
      });
      return 'problem' in answer ? problem(reply, answer.status, answer.problem) : answer.body;
    },
  });
};

const querySchema = (names: Readonly<Record<string, string>>) => ({
  type: 'object',
  properties: Object.fromEntries(
    Object.entries(names).map(([name, description]) => [name, { type: 'string', description }]),
  ),
});

const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/** Who may ask: on loopback only pages that came from loopback, elsewhere whoever has the token. */
const guard = (app: FastifyInstance, { host, token }: HttpOptions): void => {
  const loopback = LOOPBACK_HOST.test(host) || host === '::1';
  if (!loopback && token === undefined) {
    throw new Error(`HTTP on ${host} needs a token: set listen.token or listen on 127.0.0.1`);
  }
  app.addHook('onRequest', async (request: FastifyRequest, reply) => {
    reply.headers(SECURITY_HEADERS);
    // A foreign name that resolves to this machine is DNS rebinding.
    if (loopback && !LOOPBACK_HOST.test(request.headers.host ?? '')) {
      return problem(reply, 403, LOOPBACK_ONLY);
    }
    // A page of another site must not change anything with the browser's credentials.
    if (request.method !== 'GET' && !sameOrigin(request)) {
      return problem(reply, 403, 'requests of other sites change nothing here');
    }
    if (token === undefined || request.url === '/healthz') return;
    if (!authorized(request, token)) {
      reply.header('www-authenticate', 'Basic realm="busbar", charset="UTF-8"');
      return problem(reply, 401, TOKEN_NEEDED);
    }
  });
};

const sameOrigin = ({ headers }: FastifyRequest): boolean =>
  headers.origin === undefined ||
  headers.origin === `http://${headers.host}` ||
  headers.origin === `https://${headers.host}`;

/** `Authorization: Bearer <token>`, or the token as the password that a browser asks for. */
const authorized = ({ headers }: FastifyRequest, token: string): boolean => {
  const [scheme, value = ''] = (headers.authorization ?? '').split(' ');
  const given =
    scheme === 'Basic'
      ? Buffer.from(value, 'base64').toString().split(':').slice(1).join(':')
      : value;
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
};

const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

const problem = (reply: FastifyReply, status: number, detail: string) =>
  reply.code(status).type('application/problem+json').send({ status, detail });

const live = ({ clock, view }: HttpOptions) => {
  const open = new Set<FastifyReply>();
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined => {
    if (open.size >= LIVE_MOST) return problem(reply, 503, 'too many live pages');
    open.add(reply);
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'text/event-stream' });
    let cancel: Cancel = () => {};
    const end = (): void => {
      cancel();
      open.delete(reply);
      raw.destroy();
    };
    const send = (): void => {
      if (raw.writableLength > LIVE_BEHIND_MOST_BYTES) {
        end();
        return;
      }
      const now = view();
      raw.write(`id: ${now.tick}\ndata: ${JSON.stringify(now)}\n\n`);
      cancel = clock.after(LIVE_EVERY_MS, send);
    };
    request.raw.on('close', end);
    raw.on('error', end);
    send();
    return undefined;
  };
};

const PAGE_FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/app.js', 'app.js', 'text/javascript; charset=utf-8'],
  ['/app.css', 'app.css', 'text/css; charset=utf-8'],
  ['/favicon.ico', 'icon.svg', 'image/svg+xml'],
] as const;

/** The files of the page are read once; nothing else of the disk can be asked for. */
const addPage = (app: FastifyInstance, folder: string): void => {
  for (const [url, file, type] of PAGE_FILES) {
    const path = join(folder, file);
    if (!existsSync(path)) continue;
    const content = readFileSync(path);
    app.get(url, { schema: { hide: true } }, (_request, reply) => reply.type(type).send(content));
  }
};
