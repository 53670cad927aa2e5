"""An independent Modbus server: units 1 and 2 hold the words given as JSON {address: word}.

argv: framing (tcp or rtu), port, JSON of input registers.
"""
import json
import sys

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.server import StartTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

framing, port, words = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
block = {int(address): word for address, word in words.items()}
bits = ModbusSparseDataBlock({0: 0, 1: 1, 2: 1, 3: 0})
unit = ModbusSlaveContext(
    di=bits, co=bits, ir=ModbusSparseDataBlock(block), hr=ModbusSparseDataBlock(block), zero_mode=True
)
context = ModbusServerContext(slaves={1: unit, 2: unit}, single=False)
framer = ModbusRtuFramer if framing == "rtu" else ModbusSocketFramer
StartTcpServer(context=context, address=("127.0.0.1", port), framer=framer)
