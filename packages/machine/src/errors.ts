/**
 * A mistake of the program that uses this package (or of the file it handed over), never of the guest. `code` is
 * stable and meant for programs; the message says what was expected, what came and what to do.
 */
export class MachineError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
    this.name = new.target.name
  }
}

/** Guest memory: `ERR_MEMORY_SIZE`, `ERR_MEMORY_RANGE`, `ERR_MEMORY_RESERVE`. */
export class MemoryError extends MachineError {}

/** Bus: `ERR_BUS_RANGE`, `ERR_BUS_OVERLAP`. */
export class BusError extends MachineError {}

/** Clock and machine options out of range: `ERR_MACHINE_OPTION`. */
export class OptionError extends MachineError {}

/** Saved state: `ERR_STATE_VERSION`, `ERR_STATE_SHAPE`, `ERR_STATE_FORMAT`, `ERR_STATE_CHECKSUM`. */
export class StateError extends MachineError {}

/** Device tree: `ERR_DEVICE_TREE_FORMAT`, `ERR_DEVICE_TREE_NAME`, `ERR_DEVICE_TREE_VALUE`, `ERR_DEVICE_TREE_REFERENCE`. */
export class DeviceTreeError extends MachineError {}

/** Loaders: `ERR_LOADER_TRUNCATED`, `ERR_LOADER_FORMAT`, `ERR_LOADER_MACHINE`, `ERR_LOADER_SPACE`, `ERR_LOADER_OVERLAP`, `ERR_LOADER_INFLATE`. */
export class LoaderError extends MachineError {}

/** An address or size for a message. */
export const hex = (value: number | bigint): string => `${value < 0 ? '-' : ''}0x${value.toString(16).replace('-', '')}`
