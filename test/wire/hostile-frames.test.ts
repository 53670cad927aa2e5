import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { connectCharger, startPair, startRawCsms, startRelay } from '../scenarios/relay-site.ts';

/** A charger on a bare socket: it may send what no library would. */
class BareCharger {
  readonly socket: Socket;
  #bytes = Buffer.alloc(0);
  readonly ended: Promise<void>;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      if (this.closeCode !== undefined) socket.destroy();
    });
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Code of the close frame that it was sent; undefined: none was. */
  get closeCode(): number | undefined {
    const head = this.#bytes.indexOf('\r\n\r\n');
    const frames = this.#bytes.subarray(head + 4);
    const at = frames.indexOf(0x88);
    return at < 0 || frames.length < at + 4 ? undefined : frames.readUInt16BE(at + 2);
  }

  /** A frame as a client sends it; `length`: what its head says, whatever follows. */
  frame(opcode: number, payload: Buffer, { fin = true, masked = true, rsv = 0 } = {}): void {
    const first = (fin ? 0x80 : 0) | rsv | opcode;
    const size =
      payload.length < 126
        ? Buffer.from([payload.length])
        : Buffer.from([126, payload.length >> 8, payload.length & 0xff]);
    if (masked) size[0] = (size[0] ?? 0) | 0x80;
    const mask = masked ? Buffer.alloc(4) : Buffer.alloc(0);
    this.socket.write(Buffer.concat([Buffer.from([first]), size, mask, payload]));
  }
}

const bareCharger = async (t: TestContext, url: string, id: string): Promise<BareCharger> => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  const charger = new BareCharger(socket);
  const key = randomBytes(16).toString('base64');
  socket.write(
    `GET /ocpp/${id} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  await once(socket, 'data');
  return charger;
};

/** A gateway with one honest charger, and a hostile one beside it. */
const withBoth = async (t: TestContext) => {
  const csms = await startRawCsms(t);
  const relay = await startRelay(t, csms.url);
  const honest = await connectCharger(`${relay.url}/ocpp/HONEST`);
  const honestAtCsms = await csms.nextPeer();
  const hostile = await bareCharger(t, relay.url, 'HOSTILE');
  const hostileAtCsms = await csms.nextPeer();
  const unharmed = async (relayed = false): Promise<void> => {
    honest.send('[2,"h","Heartbeat",{}]');
    assert.equal(await honestAtCsms.next(), '[2,"h","Heartbeat",{}]');
    honestAtCsms.send('[3,"h",{}]');
    assert.equal(await honest.next(), '[3,"h",{}]');
    if (!relayed) assert.deepEqual(hostileAtCsms.pending(), []);
  };
  return { hostile, hostileAtCsms, unharmed };
};

const TEXT = 1;

describe('a charger that sends frames', () => {
  const cases: readonly {
    readonly name: string;
    readonly code: number;
    /** They are passed on, as every message is. */
    readonly relayed?: true;
    readonly send: (charger: BareCharger) => void;
  }[] = [
    {
      name: 'that are not masked',
      code: 1002,
      send: (c) => c.frame(TEXT, Buffer.from('[]'), { masked: false }),
    },
    {
      name: 'with a reserved bit',
      code: 1002,
      send: (c) => c.frame(TEXT, Buffer.from('[]'), { rsv: 0x40 }),
    },
    {
      name: 'of a reserved kind',
      code: 1002,
      send: (c) => c.frame(3, Buffer.from('[]')),
    },
    {
      name: 'with text that is no UTF-8',
      code: 1007,
      send: (c) => c.frame(TEXT, Buffer.from([0xc3, 0x28])),
    },
    { name: 'with bytes', code: 1003, send: (c) => c.frame(2, Buffer.from('[]')) },
    {
      name: 'of control that are too long',
      code: 1002,
      send: (c) => c.frame(9, Buffer.alloc(126)),
    },
    {
      name: 'to close with a code that nobody may send',
      code: 1002,
      send: (c) => c.frame(8, Buffer.from([0x03, 0xe7])),
    },
    {
      name: 'that announce 2^40 bytes',
      code: 1009,
      send: (c) => c.socket.write(Buffer.from([0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
    },
    {
      name: 'whose length has its top bit set',
      code: 1009,
      send: (c) => c.socket.write(Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])),
    },
    {
      name: 'that are pieces of a message that never ends',
      code: 1008,
      send: (c) => {
        c.frame(TEXT, Buffer.from('['), { fin: false });
        const piece = Buffer.from([0, 0x81, 0, 0, 0, 0, 0x20]);
        c.socket.write(Buffer.concat(Array.from({ length: 2_000 }, () => piece)));
      },
    },
    {
      name: 'that are no OCPP, again and again',
      code: 1008,
      relayed: true,
      send: (c) => {
        for (let i = 0; i < 100; i += 1) c.frame(TEXT, Buffer.from('{}'));
      },
    },
  ];
  for (const { name, code, relayed, send } of cases) {
    test(`${name} is closed with ${code}, and harms nobody else`, async (t) => {
      const { hostile, unharmed } = await withBoth(t);
      send(hostile);
      await hostile.ended;
      assert.equal(hostile.closeCode, code);
      await unharmed(relayed);
    });
  }

  test('that are deep, wide or strange inside passes them on unread, and harms nobody', async (t) => {
    const { charger, upstream } = await startPair(t);
    const deep = `[2,"d","MeterValues",${'['.repeat(200_000)}${']'.repeat(200_000)}]`;
    const wide = `[2,"w","MeterValues",{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":0`).join()}}]`;
    const proto = '[2,"__proto__","MeterValues",{"__proto__":{"x":1},"constructor":0}]';
    for (const text of [deep, wide, proto]) {
      charger.send(text);
      assert.equal(await upstream.next(), text);
      upstream.send(`[3,${JSON.stringify(JSON.parse(text.slice(0, 20).split(',')[1] ?? ''))},{}]`);
      assert.match(await charger.next(), /^\[3,/);
    }
    assert.equal(({} as { x?: number }).x, undefined);
  });
});

describe('a charger that reads nothing', () => {
  test('stops its own CSMS, fills no memory, and harms nobody else', async (t) => {
    const { hostile, hostileAtCsms, unharmed } = await withBoth(t);
    hostile.socket.pause();
    const large = `[2,"l","DataTransfer",{"data":"${'x'.repeat(500_000)}"}]`;
    for (let i = 0; i < 100; i += 1) hostileAtCsms.send(large.replace('"l"', `"l${i}"`));
    await unharmed();
    const { socket } = hostileAtCsms;
    // Of 50 MB the gateway took a bounded part, and left the rest where it is; or it cut the link.
    assert.ok(socket.bufferedAmount > 20_000_000 || socket.readyState !== socket.OPEN);
  });

  test('and pings without end harms nobody else', async (t) => {
    const { hostile, unharmed } = await withBoth(t);
    hostile.socket.pause();
    const ping = Buffer.concat([Buffer.from([0x89, 0xfd, 0, 0, 0, 0]), Buffer.alloc(125)]);
    const many = Buffer.concat(Array.from({ length: 10_000 }, () => ping));
    for (let i = 0; i < 20; i += 1) hostile.socket.write(many);
    await unharmed();
  });
});
