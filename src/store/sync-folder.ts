import { open } from 'node:fs/promises';

/** Makes names that were created, renamed or removed in a folder outlive a power cut. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
