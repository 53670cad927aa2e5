/** The address of a bus from what somebody typed: host, host:port or a whole url. */
export const busUrl = (host: string, rtu: boolean): string => {
  if (host.includes('://')) return host;
  return `${rtu ? 'rtu+' : ''}tcp://${host}`;
};
