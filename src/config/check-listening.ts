import type { SiteConfig } from '../schema/site-config.ts';
import { splitAddress } from './address.ts';
import type { Path, Report } from './check-report.ts';

const LOOPBACK = /^(127\.|localhost:|\[::1\])/;
/** These take the port on every address of the machine. */
const EVERYWHERE: readonly string[] = ['0.0.0.0', '::'];

/** Doors to the network: guarded, and no two on one port. */
export const checkListening = (config: SiteConfig, report: Report): void => {
  const { listen, ems } = config;
  if (!LOOPBACK.test(listen.http) && listen.token === undefined) {
    const text =
      'reachable from the network without a token: set listen.token, or listen on 127.0.0.1';
    report('error', ['listen', 'http'], text);
  }
  const building = ems.modbusServer;
  if (building !== undefined && !LOOPBACK.test(building.listen) && building.allow.length === 0) {
    const text = 'reachable from the network by everybody: name the clients in allow';
    report('error', ['ems', 'modbusServer', 'listen'], text);
  }
  checkPorts(config, report);
};

const checkPorts = ({ listen, ems, upstream }: SiteConfig, report: Report): void => {
  const doors: readonly (readonly [Path, string | undefined])[] = [
    [['listen', 'ocpp'], listen.ocpp],
    [['listen', 'http'], listen.http],
    [['ems', 'modbusServer', 'listen'], ems.modbusServer?.listen],
    [
      ['upstream', 'controller', 'firmwareCache', 'listen'],
      upstream.controller?.firmwareCache?.listen,
    ],
  ];
  const taken: { readonly path: Path; readonly host: string; readonly port: number }[] = [];
  for (const [path, address] of doors) {
    if (address === undefined) continue;
    const { host, port } = splitAddress(address);
    const other = taken.find((door) => port !== 0 && door.port === port && meet(door.host, host));
    if (other !== undefined) {
      report(
        'error',
        path,
        `${other.path.join('.')} listens on port ${port} already: take another`,
      );
    }
    taken.push({ path, host, port });
  }
};

const meet = (a: string, b: string): boolean =>
  a === b || EVERYWHERE.includes(a) || EVERYWHERE.includes(b);
