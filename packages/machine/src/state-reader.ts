import { StateError } from './errors.ts'
import type { Plain, SavedState } from './state.ts'

const shown = (value: Plain | undefined): string => {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (value instanceof Uint8Array) return `${String(value.length)} bytes`
  if (Array.isArray(value)) return `a list of ${String(value.length)}`
  return typeof value === 'object' ? 'a record' : `the ${typeof value} ${String(value).slice(0, 100)}`
}

/**
 * Checks a saved state field by field, so that a part can read all it needs before it changes anything in itself.
 * Every getter throws `StateError` `ERR_STATE_SHAPE`, naming the part and the field.
 */
export class StateReader {
  readonly #part: string
  readonly #fields: { readonly [key: string]: Plain }

  /** Throws `ERR_STATE_VERSION` unless the state's version is `version`. */
  constructor(part: string, state: SavedState, version: number) {
    if (!isRecord(state)) throw new StateError('ERR_STATE_SHAPE', `the state of ${part} must be a record`)
    if (state.version !== version) {
      throw new StateError(
        'ERR_STATE_VERSION',
        `the state of ${part} has version ${shown(state.version)}, but this release reads version ${String(version)}: restore it with the release that saved it`,
      )
    }
    this.#part = part
    this.#fields = state
  }

  /** An integer from `minimum` to `maximum`. */
  integer(key: string, minimum: number, maximum: number): number {
    return this.#integer(key, this.#get(key), minimum, maximum)
  }

  boolean(key: string): boolean {
    const value = this.#get(key)
    return typeof value === 'boolean' ? value : this.#refuse(key, 'true or false', value)
  }

  /** A bigint from 0 to 2^bits - 1. */
  unsigned(key: string, bits: number): bigint {
    const value = this.#get(key)
    return typeof value === 'bigint' && value >= 0n && value >> BigInt(bits) === 0n ? value : this.#refuse(key, `a bigint of ${String(bits)} bits`, value)
  }

  string(key: string): string {
    const value = this.#get(key)
    return typeof value === 'string' ? value : this.#refuse(key, 'a string', value)
  }

  /** Bytes; `maximum` is the largest length. */
  bytes(key: string, maximum: number = Number.MAX_SAFE_INTEGER): Uint8Array {
    const value = this.#get(key)
    return value instanceof Uint8Array && value.length <= maximum ? value : this.#refuse(key, `at most ${String(maximum)} bytes`, value)
  }

  /** A list of exactly `length` integers, each from `minimum` to `maximum`. */
  integers(key: string, length: number, minimum: number, maximum: number): number[] {
    return this.#list(key, length).map((value) => this.#integer(key, value, minimum, maximum))
  }

  /** A list of exactly `length` bigints from 0 to 2^bits - 1. */
  unsigneds(key: string, length: number, bits: number): bigint[] {
    return this.#list(key, length).map((value) =>
      typeof value === 'bigint' && value >= 0n && value >> BigInt(bits) === 0n ? value : this.#refuse(key, `bigints of ${String(bits)} bits`, value),
    )
  }

  /** A list of exactly `length` truth values. */
  booleans(key: string, length: number): boolean[] {
    return this.#list(key, length).map((value) => (typeof value === 'boolean' ? value : this.#refuse(key, 'true or false', value)))
  }

  /** A record of any fields. */
  record(key: string): { readonly [key: string]: Plain } {
    const value = this.#get(key)
    return isRecord(value) ? value : this.#refuse(key, 'a record', value)
  }

  /** Another part's state. */
  state(key: string): SavedState {
    const value = this.#get(key)
    return isSavedState(value) ? value : this.#refuse(key, 'a state with a version', value)
  }

  /** A list of exactly `length` states. */
  states(key: string, length: number): SavedState[] {
    return this.#list(key, length).map((value) => (isSavedState(value) ? value : this.#refuse(key, 'states with versions', value)))
  }

  /** Refuses the state for a reason of the part's own. */
  refuse(key: string, expected: string): never {
    return this.#refuse(key, expected, this.#get(key))
  }

  #get(key: string): Plain | undefined {
    return Object.hasOwn(this.#fields, key) ? this.#fields[key] : undefined
  }

  #integer(key: string, value: Plain | undefined, minimum: number, maximum: number): number {
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum
      ? value
      : this.#refuse(key, `an integer from ${String(minimum)} to ${String(maximum)}`, value)
  }

  #list(key: string, length: number): readonly Plain[] {
    const value = this.#get(key)
    return Array.isArray(value) && value.length === length ? (value as readonly Plain[]) : this.#refuse(key, `a list of ${String(length)}`, value)
  }

  #refuse(key: string, expected: string, value: Plain | undefined): never {
    throw new StateError('ERR_STATE_SHAPE', `the state of ${this.#part} needs ${expected} as '${key}', not ${shown(value)}`)
  }
}

const isRecord = (value: Plain | undefined): value is { readonly [key: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

/** Whether a value is a record with a numeric version. */
export const isSavedState = (value: Plain | undefined): value is SavedState => isRecord(value) && typeof value['version'] === 'number'
