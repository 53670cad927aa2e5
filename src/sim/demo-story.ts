import type { CarModel } from './car.ts';

/** What happens in the demo, and when; seconds from the start. It repeats after `STORY_SECONDS`. */
export type StoryEvent =
  | {
      readonly at: number;
      readonly what: 'plug-in';
      readonly charger: string;
      readonly car: Partial<CarModel>;
      readonly text: string;
    }
  | {
      readonly at: number;
      readonly what: 'unplug';
      readonly charger: string;
      readonly text: string;
    }
  | {
      readonly at: number;
      readonly what: 'building';
      readonly seconds: number;
      readonly amps: readonly [number, number, number];
      readonly text: string;
    }
  | {
      readonly at: number;
      readonly what: 'outage';
      readonly seconds: number;
      readonly text: string;
    }
  | {
      readonly at: number;
      readonly what: 'ems';
      readonly amps: number;
      readonly seconds: number;
      readonly text: string;
    };

export const STORY_SECONDS = 180;

export const STORY: readonly StoryEvent[] = [
  {
    at: 4,
    what: 'plug-in',
    charger: 'CP_1',
    car: { phases: 3, maxAmps: 16 },
    text: 'a three-phase car arrives at CP_1',
  },
  {
    at: 6,
    what: 'plug-in',
    charger: 'CP_2',
    car: { phases: 1, maxAmps: 32 },
    text: 'a one-phase car arrives at CP_2',
  },
  {
    at: 8,
    what: 'plug-in',
    charger: 'CP_5',
    car: { phases: 3, maxAmps: 32 },
    text: 'a fast car arrives at CP_5 (OCPP 2.0.1)',
  },
  {
    at: 12,
    what: 'plug-in',
    charger: 'CP_6',
    car: { phases: 2, maxAmps: 16 },
    text: 'a two-phase car arrives at CP_6 (OCPP 2.1)',
  },
  {
    at: 22,
    what: 'building',
    seconds: 16,
    amps: [6, 26, 4],
    text: 'the building takes 26 A more on L2',
  },
  { at: 26, what: 'outage', seconds: 14, text: 'the internet is gone: the CSMS is away' },
  { at: 36, what: 'unplug', charger: 'CP_1', text: 'the car at CP_1 leaves' },
  { at: 40, what: 'ems', amps: 31.5, seconds: 30, text: 'the EMS cuts the site to half' },
  {
    at: 54,
    what: 'plug-in',
    charger: 'CP_3',
    car: { phases: 3, maxAmps: 11 },
    text: 'a small car arrives at CP_3',
  },
  {
    at: 75,
    what: 'plug-in',
    charger: 'CP_4',
    car: { phases: 3, maxAmps: 16, share: 0.6 },
    text: 'a modest car arrives at CP_4',
  },
  { at: 90, what: 'ems', amps: 63, seconds: 86, text: 'the EMS gives the whole fuse back' },
  {
    at: 110,
    what: 'building',
    seconds: 12,
    amps: [20, 2, 18],
    text: 'lifts and ovens: 20 A more on L1 and L3',
  },
  { at: 130, what: 'unplug', charger: 'CP_5', text: 'the car at CP_5 leaves' },
  {
    at: 140,
    what: 'plug-in',
    charger: 'CP_1',
    car: { phases: 3, maxAmps: 16 },
    text: 'a car arrives at CP_1',
  },
  { at: 160, what: 'unplug', charger: 'CP_2', text: 'the car at CP_2 leaves' },
  { at: 165, what: 'unplug', charger: 'CP_6', text: 'the car at CP_6 leaves' },
  { at: 170, what: 'unplug', charger: 'CP_3', text: 'the car at CP_3 leaves' },
  { at: 175, what: 'unplug', charger: 'CP_4', text: 'the car at CP_4 leaves' },
  { at: 178, what: 'unplug', charger: 'CP_1', text: 'the car at CP_1 leaves' },
];
