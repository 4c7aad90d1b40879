/** The flattened format: Devicetree Specification 0.4, chapter 5. All integers are big-endian. */
export const fdtMagic = 0xd00d_feed
export const fdtVersion = 17
export const fdtLastCompatibleVersion = 16
export const headerSize = 40
/** Deeper trees are refused in both directions, so that walking one needs bounded space. */
export const maximumDepth = 64
/** The longest name that is read; the specification allows 31 characters, published bindings some more. */
export const maximumName = 255

export const token = { beginNode: 1, endNode: 2, property: 3, nop: 4, end: 9 } as const
