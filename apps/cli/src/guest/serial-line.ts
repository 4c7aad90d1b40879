/** The host's end of one of the guest's serial lines. */
export interface SerialLine {
  /** Queues bytes for the guest. */
  send(bytes: Uint8Array): void
  /** Sets who gets the bytes that come from the guest, each run of them once and in order. */
  listen(listener: (bytes: Uint8Array) => void): void
}
