/** What a kernel finds on the bare boards, ours and QEMU's: bytes of RAM. */
export const bareBoard: { readonly ram: number } = { ram: 256 * 2 ** 20 }
