import type { ControlLoop } from './control/control-loop.ts';
import type { Log } from './core/log.ts';
import type { Faults } from './gateway/faults.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { UpstreamRoles } from './gateway/upstream-roles.ts';
import type { ChargerServer } from './io/charger-server.ts';
import type { DescriptorWatch } from './io/descriptors.ts';
import type { FieldSide } from './main-field.ts';
import type { Held } from './main-held.ts';
import type { Learned } from './main-learned.ts';
import type { Doors } from './main-listen.ts';
import type { openDialer } from './main-upstream.ts';
import type { SiteView } from './schema/view.ts';
import type { Controller } from './station/controller.ts';

/** A door that can be shut. */
interface Server {
  readonly port: number;
  close(): Promise<void>;
}

/** What a gateway is made of, as far as it is there: a start fills it in one by one. */
export interface Parts {
  held?: Held;
  facts?: Learned;
  controller?: Controller | undefined;
  roles?: UpstreamRoles;
  upstream?: Awaited<ReturnType<typeof openDialer>>;
  gateway?: Gateway;
  loop?: ControlLoop;
  field?: FieldSide;
  http?: Server;
  ocpp?: ChargerServer;
  descriptors?: DescriptorWatch;
  doors?: Doors;
}

/** What is wrong around the site: with its disk, its field, its doors. */
export const alarmsOf = ({ held, field, ocpp, doors, descriptors }: Parts): readonly string[] => [
  ...(held?.alarms() ?? []),
  ...(field?.alarms() ?? []),
  ...(ocpp?.alarms() ?? []),
  ...(doors?.alarms ?? []),
  ...(descriptors?.alarms() ?? []),
];

/**
 * Closes what is there: first whoever speaks, last the disk. What cannot be closed in good order is
 * logged and keeps nothing else open.
 */
export const closeParts = async (parts: Parts, log: Log): Promise<void> => {
  const steps: readonly (readonly [name: string, close: () => unknown])[] = [
    ['controller', () => parts.controller?.stop()],
    ['mirrors', () => parts.roles?.stop()],
    ['links', () => parts.gateway?.close()],
    ['station', () => parts.upstream?.station?.close()],
    ['listen.ocpp', () => parts.ocpp?.close()],
    ['control', () => parts.loop?.close()],
    ['field', () => parts.field?.close()],
    ['listen.http', () => parts.http?.close()],
    ['learned facts', () => parts.facts?.saved()],
    ['journal', () => parts.held?.close()],
    ['descriptors', () => parts.descriptors?.stop()],
  ];
  for (const [part, close] of steps) {
    try {
      await close();
    } catch (error) {
      log.error('not closed in good order', { part, problem: String(error) });
    }
  }
};

/** Hands a view to everybody who wants it; whoever fails at it keeps it from nobody else. */
export const handOut = (
  { field, controller, upstream }: Parts,
  faults: Faults,
  view: SiteView,
): void => {
  faults.contain('field', () => field?.published(view));
  faults.contain('controller at the CSMS', () => controller?.published(view));
  faults.contain('station at the CSMS', () => upstream?.station?.published(view));
};
