import type { ApiRoute } from '../schema/api-route.ts';
import type { SiteView } from '../schema/view.ts';
import { BLOCKS, type Cell } from './register-map.ts';

/** `/api/v1/modbus/registers`: what is at which address of this site. */
export const registerRoute = (view: () => SiteView, sources: readonly string[]): ApiRoute => ({
  method: 'GET',
  path: '/api/v1/modbus/registers',
  description: 'Every register of the Modbus server with its meaning on this site',
  handle: () => ({ body: registersOf(view(), sources) }),
});

const registersOf = (view: SiteView, sources: readonly string[]) =>
  BLOCKS.flatMap((block) => {
    const names: Readonly<Record<string, readonly string[]>> = {
      site: [view.id],
      circuit: view.circuits.map(({ id }) => id),
      connector: view.chargers.flatMap(({ id, connectors }) =>
        connectors.map(({ connector }) => `${id}/${connector}`),
      ),
      limit: sources,
    };
    return (names[block.name] ?? []).flatMap((of, part) =>
      (block.cells as readonly Cell<unknown>[]).map(({ offset, type, name, unit, writable }) => ({
        address: block.start + part * block.size + offset,
        type,
        of: `${block.name} ${of}`,
        name,
        unit,
        writable: writable === true,
      })),
    );
  });
