import type { OcppVersion } from '../ocpp/version.ts';
import type { BookedProfile, ProfileBook } from '../profiles/book.ts';

/** Where the site's profiles are kept: in memory at once, the promise settles when on disk. */
export interface ProfileKeeper {
  book(): ProfileBook;
  put(added: BookedProfile & { readonly version: OcppVersion }, gone: ProfileBook): Promise<void>;
  drop(gone: ProfileBook): Promise<void>;
}
