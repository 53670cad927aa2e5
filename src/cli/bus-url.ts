/** The url of a bus from what somebody typed: host, host:port or a whole url; undefined: neither. */
export const busUrl = (host: string, rtu: boolean): string | undefined => {
  const url = host.includes('://') ? host : `${rtu ? 'rtu+' : ''}tcp://${host}`;
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname } = new URL(url);
  const known = ['tcp:', 'rtu+tcp:', 'serial:'].includes(protocol);
  return known && (hostname !== '' || protocol === 'serial:') ? url : undefined;
};

/** What to say when it is neither. */
export const noBusUrl = (host: string): string =>
  `"${host}" is no address: use 10.0.0.20, 10.0.0.20:502 or serial:///dev/ttyUSB0?baud=9600\n`;
