import { controllerChange, restartNeeded, takenOver } from './config/restart-needed.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { UpstreamRoles } from './gateway/upstream-roles.ts';
import type { BusbarOptions } from './main.ts';
import { controllerSpecOf, rolesOf } from './main-upstream.ts';
import type { ApiRoute } from './schema/api-route.ts';
import type { SiteConfig } from './schema/site-config.ts';
import type { SiteFileState } from './schema/site-file.ts';
import type { Controller } from './station/controller.ts';

/** The site file as it lies on disk now. */
export interface SiteFileSource {
  readonly path: string;
  /** Undefined: it has errors. */
  readonly read: () => SiteConfig | undefined;
}

/** Takes over what it can of a changed site file, and says what has to wait for a restart. */
export class Reload {
  readonly #options: BusbarOptions;
  readonly #roles: UpstreamRoles;
  readonly #gateway: () => Gateway;
  readonly #controller: Controller | undefined;
  readonly #securityEvent: (type: string, techInfo: string) => void;
  /** What is in force of the parts that are taken over. */
  #inForce: SiteConfig;
  #waiting: readonly string[] = [];

  constructor(
    options: BusbarOptions,
    parts: {
      readonly roles: UpstreamRoles;
      readonly gateway: () => Gateway;
      readonly controller?: Controller | undefined;
      readonly securityEvent: (type: string, techInfo: string) => void;
    },
  ) {
    this.#options = options;
    this.#inForce = options.config;
    this.#roles = parts.roles;
    this.#gateway = parts.gateway;
    this.#controller = parts.controller;
    this.#securityEvent = parts.securityEvent;
  }

  take(changed: SiteConfig): void {
    const { config, log } = this.#options;
    // Chargers of one station have no CSMS of their own that could change.
    const kept = config.upstream.mode === 'aggregate' ? { url: config.upstream.url } : {};
    const moved = this.#roles.change({ ...rolesOf(changed), ...kept });
    if (controllerChange(config, changed) !== 'restart') {
      const spec = controllerSpecOf(changed);
      if (spec !== undefined) this.#controller?.change(spec);
    }
    this.#inForce = changed;
    log.info('upstreams reloaded', { moved });
    this.#waiting = restartNeeded(config, changed);
    if (this.#waiting.length > 0) {
      log.warn('a restart is needed for these changes', { waiting: this.#waiting });
    }
    this.#securityEvent('ReconfigurationOfSecurityParameters', 'the site file was read again');
    for (const charger of moved) this.#gateway().disconnect(charger, 'its CSMS changed');
  }

  /** Until the next start. */
  alarms(): readonly string[] {
    if (this.#waiting.length === 0) return [];
    return [`The site file was changed: restart for ${this.#waiting.join(', ')}.`];
  }

  routes(file: SiteFileSource | undefined): readonly ApiRoute[] {
    if (file === undefined) return [];
    const path = '/api/v1/site-file';
    const broken = { status: 409, problem: `${file.path} has errors: see busbar check` };
    return [
      {
        method: 'GET',
        path,
        description:
          'What a reload would take over of the site file, and what a restart is needed for',
        handle: () => {
          const changed = file.read();
          return changed === undefined ? broken : { body: this.#state(file.path, changed) };
        },
      },
      {
        method: 'POST',
        path: `${path}/reload`,
        description:
          'Takes over changed upstreams, mirrors, rules and the controller; other links stay up',
        handle: () => {
          const changed = file.read();
          if (changed === undefined) return broken;
          const body = this.#state(file.path, changed);
          this.take(changed);
          return { body };
        },
      },
    ];
  }

  #state(path: string, changed: SiteConfig): SiteFileState {
    return {
      path,
      reload: takenOver(this.#inForce, changed, this.#options.config),
      restart: restartNeeded(this.#options.config, changed),
    };
  }
}
