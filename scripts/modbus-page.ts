import {
  BLOCKS,
  type Cell,
  MAP_VERSION,
  NOT_KNOWN,
  wordsOfCell,
} from '../src/field/register-map.ts';

/** docs/modbus-registers.md: the map of the Modbus server, from the code that serves it. */
export const modbusPage = (): string =>
  `# Registers for building controllers

Version ${MAP_VERSION} of the map; it grows, and never moves what is there. Functions 3 and 4 read the
same registers, 6 and 16 write. Addresses are 0-based, as on the wire. Numbers of two registers have
the high word first. Not known, or not there: ${Object.entries(NOT_KNOWN)
    .map(([type, value]) => `${type} ${value}`)
    .join(', ')}. Parts are
in the order of the site file; \`/api/v1/modbus/registers\` names each address of a site. Generated from the
code that serves it.

${BLOCKS.map(
  ({ name, start, size, most, cells }) => `## ${name}: from ${start}${
    most === 1 ? '' : `, ${size} registers each, at most ${most}`
  }

| ${most === 1 ? 'address' : 'offset'} | registers | type | what | unit | written |
|---|---|---|---|---|---|
${(cells as readonly Cell<unknown>[])
  .map(
    ({ offset, type, name: what, unit, writable }) =>
      `| ${offset} | ${wordsOfCell(type)} | ${type} | ${what} | ${unit} | ${writable ? 'yes' : ''} |`,
  )
  .join('\n')}
`,
).join('\n')}`;
