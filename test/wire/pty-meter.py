"""A Modbus RTU meter on a pseudo terminal. argv: unit, JSON {address: word}. Prints the device."""
import json
import os
import struct
import sys
import tty

unit, words = int(sys.argv[1]), {int(k): v for k, v in json.loads(sys.argv[2]).items()}


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


master, slave = os.openpty()
tty.setraw(master)
tty.setraw(slave)
print(os.ttyname(slave), flush=True)
received = b""
while True:
    received += os.read(master, 256)
    while len(received) >= 8:
        frame, received = received[:8], received[8:]
        if frame[0] != unit or crc(frame[:6]) != frame[6:]:
            continue
        address, count = struct.unpack(">HH", frame[2:6])
        data = b"".join(struct.pack(">H", words.get(address + i, 0)) for i in range(count))
        reply = bytes([unit, frame[1], len(data)]) + data
        os.write(master, reply + crc(reply))
