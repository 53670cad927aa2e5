import { scrypt } from 'node:crypto';

const HASH_BYTES = 32;

/** Salted and slow (scrypt, N = 2^14, in the thread pool): what is written down betrays nothing. */
export const hashSecret = (secret: string, salt: string): Promise<string> =>
  new Promise((resolve, reject) => {
    scrypt(secret, salt, HASH_BYTES, (error, hash) => {
      if (error === null) resolve(hash.toString('base64'));
      else reject(error);
    });
  });
