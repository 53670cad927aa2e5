import { TO_CHARGER_2X } from '../../ocpp/aggregate/bridge-down-v2x.ts';
import { TO_CHARGER_16 } from '../../ocpp/aggregate/bridge-down-v16.ts';
import { UP_PARTNERS } from '../../ocpp/aggregate/bridge-partners.ts';
import { familyOf } from '../../ocpp/aggregate/rules.ts';
import { callBytes, errorBytes, type Frame, readFrame } from '../../ocpp/frame.ts';
import { type Payload, readInteger, readText } from '../../ocpp/payload.ts';
import { BridgeFrom2x } from './bridge-from-2x.ts';
import { BridgeFrom16 } from './bridge-from-16.ts';
import type { Floor } from './floor.ts';
import { errorFor, madeError, madeResult } from './made-answers.ts';
import type { Seat } from './seat.ts';
import { payloadOf } from './up-desk.ts';

const TO_CHARGER = { '1.6': TO_CHARGER_16, '2.x': TO_CHARGER_2X } as const;
/** 2.x numbers a remote start; a 1.6 CSMS does not. */
const ID_MOST = 2 ** 31 - 1;

/** Joins chargers of one family of versions with a CSMS of the other. */
export class VersionBridge {
  readonly #floor: Floor;
  readonly #from16: BridgeFrom16;
  readonly #from2x: BridgeFrom2x;
  #remoteStartId: number;

  constructor(floor: Floor) {
    this.#floor = floor;
    this.#from16 = new BridgeFrom16(floor);
    this.#from2x = new BridgeFrom2x(floor);
    this.#remoteStartId = Math.floor(floor.clock.wallMs() / 1_000) % ID_MOST;
  }

  up(seat: Seat, call: Frame): Promise<Buffer | undefined> {
    const family = familyOf(seat.version);
    if (!Object.hasOwn(UP_PARTNERS[family], call.action)) {
      const why = `${call.action} has no partner in OCPP ${this.#floor.version}`;
      return Promise.resolve(errorBytes(call.id, 'NotSupported', why));
    }
    return (family === '1.6' ? this.#from16 : this.#from2x).answer(seat, call);
  }

  /** `call` has the charger's own numbers and ids already. */
  async down(seat: Seat, call: Frame, ask: (call: Frame) => Promise<Frame>): Promise<Frame> {
    const translators = TO_CHARGER[familyOf(seat.version)];
    const known = Object.hasOwn(translators, call.action);
    const translator = known ? translators[call.action] : undefined;
    const asked = payloadOf(call) ?? {};
    if (translator === undefined) {
      return madeError('NotSupported', `${call.action} has no partner in OCPP ${seat.version}`);
    }
    const out = translator.request(asked, {
      outlets: this.#floor.numbers.ofCharger(seat.charger).length,
      newRemoteStartId: () => {
        this.#remoteStartId = (this.#remoteStartId + 1) % ID_MOST;
        return this.#remoteStartId;
      },
    });
    if ('refuse' in out) return madeError('NotSupported', out.refuse);
    if ('answer' in out) return madeResult(out.answer);
    // The transaction may begin before the charger has answered.
    const forget = this.#remember(seat, asked, out);
    const answer = await ask(readFrame(callBytes(this.#floor.newId(), out.action, out.payload)));
    if (payloadOf(answer)?.['status'] !== 'Accepted') forget();
    if (answer.kind !== 'result') return errorFor(this.#floor.family, answer);
    return madeResult(translator.answer(payloadOf(answer) ?? {}, asked));
  }

  #remember(
    { charger }: Seat,
    asked: Payload,
    { action, payload: sent }: { readonly action: string; readonly payload: Payload },
  ): () => void {
    const id = readInteger(asked['remoteStartId']);
    const idTag = readText(sent['idTag']);
    const outlet = readInteger(sent['connectorId']) ?? 1;
    const starts = action === 'RemoteStartTransaction';
    if (!starts || id === undefined || idTag === undefined) return () => {};
    this.#from16.startedRemotely(charger, outlet, idTag, id);
    return () => this.#from16.notStarted(charger, outlet, id);
  }
}
