/** The site file on disk against what runs: `GET /api/v1/site-file`. */
export interface SiteFileState {
  /** Of the file that the gateway was started with. */
  readonly path: string;
  /** Changed places that a reload takes over, e.g. `upstream.mirrors`. */
  readonly reload: readonly string[];
  /** Changed places that hold from the next start on. */
  readonly restart: readonly string[];
}
