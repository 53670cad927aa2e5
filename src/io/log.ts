import { type Level, pino, stdTimeFunctions } from 'pino';
import type { Log, LogFields } from '../core/log.ts';

/** Texts from chargers and CSMSs are cut: one event is one line of a sane length. */
const TEXT_MOST = 512;
/** Never written, whoever logs them. */
const REDACTED = ['authorization', 'password', 'token', 'idTag', 'idToken'];

/** JSON lines for journald or a collector, to stderr so that stdout stays for answers. */
export const jsonLog = (level: string): Log => {
  const logger = pino(
    {
      level: level as Level,
      base: null,
      // A name and a date are read by people, and by collectors no worse than numbers.
      formatters: { level: (name) => ({ level: name }) },
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: REDACTED, censor: '[hidden]' },
    },
    pino.destination({ dest: 2, sync: true }),
  );
  const at = (name: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) =>
    logger[name](bounded(fields), message.slice(0, TEXT_MOST));
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
};

const bounded = (fields: LogFields = {}): LogFields =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === 'string' ? value.slice(0, TEXT_MOST) : value,
    ]),
  );
