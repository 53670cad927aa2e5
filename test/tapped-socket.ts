import type { Socket } from '../src/gateway/socket.ts';

/** The same socket; every message is shown before it goes on. */
export const tappedSocket = (
  socket: Socket,
  tap: { readonly sent: (bytes: Buffer) => void; readonly received: (bytes: Buffer) => void },
): Socket => ({
  subprotocol: socket.subprotocol,
  get bufferedBytes() {
    return socket.bufferedBytes;
  },
  send: (message) => {
    tap.sent(Buffer.from(message));
    socket.send(message);
  },
  close: (code, reason) => socket.close(code, reason),
  terminate: () => socket.terminate(),
  pause: () => socket.pause(),
  resume: () => socket.resume(),
  listen: (listener) =>
    socket.listen({
      message: (bytes) => {
        tap.received(bytes);
        listener.message(bytes);
      },
      closed: (code, reason) => listener.closed(code, reason),
    }),
});
