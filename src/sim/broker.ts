import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

export interface Broker {
  readonly url: string;
  publish(topic: string, text: string): void;
  close(): Promise<void>;
}

/** An MQTT broker inside the process (3.1.1 only), so that the demo needs none installed. */
export const startBroker = async (): Promise<Broker> => {
  const aedes = await Aedes.createBroker();
  const server = createServer((socket) => {
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    publish: (topic, text) =>
      aedes.publish(
        {
          cmd: 'publish',
          topic,
          payload: Buffer.from(text),
          qos: 1,
          retain: false,
          dup: false,
        },
        () => {},
      ),
    close: () =>
      new Promise((resolve) => {
        aedes.close(() => server.close(() => resolve()));
      }),
  };
};
