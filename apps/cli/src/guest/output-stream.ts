/** Bytes kept for a reader that is slow before the guest is asked to wait. */
const roomFor = 256 * 1024

/** Turns bytes that arrive by themselves into a web stream, and says when its reader falls behind. */
export class OutputStream {
  readonly readable: ReadableStream<Uint8Array>
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  /** `onRoom` is called when the reader has caught up. */
  constructor(onRoom: () => void) {
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => { this.#controller = controller },
        pull: onRoom,
        cancel: () => {
          this.#controller = undefined
          onRoom()
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: roomFor }),
    )
  }

  get congested(): boolean {
    return this.#controller !== undefined && (this.#controller.desiredSize ?? 1) <= 0
  }

  push(bytes: Uint8Array): void {
    this.#controller?.enqueue(bytes)
  }

  end(): void {
    this.#controller?.close()
    this.#controller = undefined
  }

  fail(reason: unknown): void {
    this.#controller?.error(reason)
    this.#controller = undefined
  }
}
