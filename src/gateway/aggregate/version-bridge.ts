import { errorBytes, readFrame } from '../../ocpp/frame.ts';
import type { DownBridge } from './down-desk.ts';
import type { Floor } from './floor.ts';
import type { UpBridge } from './up-desk.ts';

const WHY = 'this version of OCPP is not translated yet';

export const upBridge =
  (_floor: Floor): UpBridge =>
  (_seat, call) =>
    Promise.resolve(errorBytes(call.id, 'NotSupported', WHY));

export const downBridge =
  (_floor: Floor): DownBridge =>
  (_seat, call) =>
    Promise.resolve(readFrame(errorBytes(call.id, 'NotSupported', WHY)));
