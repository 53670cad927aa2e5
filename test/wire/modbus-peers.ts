import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { freePort } from '../free-port.ts';

/** A Python that knows pymodbus 3 (Debian: python3-pymodbus); undefined where none is installed. */
export const pymodbus = ['python3', '/usr/bin/python3'].find(
  (python) => spawnSync(python, ['-c', 'from pymodbus.server import StartTcpServer']).status === 0,
);

/** mbpoll (Debian), an independent Modbus client; undefined where it is not installed. */
export const mbpoll = ['mbpoll', '/usr/bin/mbpoll'].find(
  (path) => spawnSync(path, ['-h']).error === undefined,
);

/** It waits ten seconds for an answer, its most, instead of one: a busy machine may take one away. */
export const MBPOLL_PATIENT = ['-o', '10'] as const;

export const startPymodbus = async (
  t: TestContext,
  python: string,
  framing: 'tcp' | 'rtu',
  words: ReadonlyMap<number, number>,
): Promise<number> => {
  const port = await freePort();
  const script = 'test/wire/pymodbus-server.py';
  const image = JSON.stringify(Object.fromEntries(words));
  const server: ChildProcess = spawn(python, [script, framing, String(port), image], {
    stdio: 'ignore',
  });
  t.after(() => server.kill('SIGKILL'));
  await listening(port, server);
  return port;
};

/** Waits until somebody listens, as long as the process lives. */
export const listening = async (port: number, process: ChildProcess): Promise<void> => {
  while (process.exitCode === null) {
    const socket = connect({ port, host: '127.0.0.1' });
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error('the server ended before it listened');
};
