import { createHash, timingSafeEqual } from 'node:crypto';
import { basicAuthorization } from '../dial-request.ts';

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether a charger showed its password (basic authentication), always in the same time. */
export const showsPassword = (
  charger: string,
  password: string,
  authorization: string | undefined,
): boolean => {
  const expected = basicAuthorization(charger, password);
  return timingSafeEqual(digestOf(authorization ?? ''), digestOf(expected));
};
