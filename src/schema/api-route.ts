/** A route of the API whose work is done elsewhere: the HTTP server only carries it. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With `:name` parameters, e.g. `/api/v1/queue/:charger`. */
  readonly path: string;
  readonly description: string;
  /** Names of the query with what they mean; each may be given once, as text. */
  readonly query?: Readonly<Record<string, string>>;
  handle(request: ApiRequest): Promise<ApiAnswer> | ApiAnswer;
}

export interface ApiRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export type ApiAnswer =
  | { readonly body: unknown }
  /** An error for people: what is wrong and what to do. */
  | { readonly status: number; readonly problem: string };
