/** The state of the server in this process, kept by `server/` and told in `/readyz`. */
export interface Serving {
  /** The Next process does not answer: no studio, receipts and pictures. */
  pagesAway: boolean;
  /** New connections are refused. */
  full: boolean;
}
