/** What a room may say to the operator; io/log writes it. Fields are bounded by the writer. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

export const SILENT_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} };
