/** What every group is run with. */
export interface GroupOptions {
  readonly rounds: number
  /** Factor on the work of a round; for a quick look below 1. */
  readonly scale: number
  /** Names of kernels; all unless some are given. */
  readonly only: readonly string[]
  /** More Node executables that our engines run on. */
  readonly nodes: readonly string[]
  /** Where the kernels' sources are. */
  readonly sources: string
  /** A folder for what is built. */
  readonly work: string
  readonly report: (what: string) => void
}

/** A group that cannot be measured here. */
export interface LeftOut {
  readonly group: string
  readonly reason: string
}

export const isLeftOut = (results: object): results is LeftOut => 'reason' in results
