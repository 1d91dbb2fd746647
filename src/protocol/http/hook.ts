/** A webhook that was received. */
export interface Hook {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}
