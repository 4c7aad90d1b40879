/** Plain data: what a saved state is made of. Survives `structuredClone`. */
export type Plain = null | boolean | number | bigint | string | Uint8Array | readonly Plain[] | { readonly [key: string]: Plain }

/** A part's saved state. `version` grows whenever the meaning of the rest changes. */
export interface SavedState {
  readonly version: number
  readonly [key: string]: Plain
}

/** A part whose whole state can be taken out and put back. */
export interface Stateful {
  save(): SavedState
  /** Puts a state back. Throws `StateError` if the version or the shape is not one it knows, leaving itself as it was. */
  restore(state: SavedState): void
}
