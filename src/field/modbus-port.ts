import type { ModbusRequest } from '../devices/modbus-frame.ts';

/** One bus: a TCP connection or a serial line. Requests are carried out one after the other. */
export interface ModbusPort {
  /** Rejects with a ModbusProblem or an Error whose message an installer understands. */
  read(request: ModbusRequest): Promise<readonly number[]>;
  close(): void;
}

/** The device answered, with an exception. */
export class ModbusException extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}
