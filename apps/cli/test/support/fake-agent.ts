import { AgentClient } from '../../src/guest/agent-client.ts'
import type { SerialLine } from '../../src/guest/serial-line.ts'

/** One end of a serial line whose other end the test holds. */
export class TestLine implements SerialLine {
  sent: Buffer = Buffer.alloc(0)
  #listener: (bytes: Uint8Array) => void = () => undefined

  send(bytes: Uint8Array): void {
    this.sent = Buffer.concat([this.sent, bytes])
  }

  listen(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener
  }

  /** What came so far, once. */
  take(): string {
    const text = this.sent.toString('latin1')
    this.sent = Buffer.alloc(0)
    return text
  }

  /** The guest says something. */
  say(text: string): void {
    this.#listener(Buffer.from(text, 'latin1'))
  }
}

/** A client with the guest's side in the test's hands. */
export const withAgent = () => {
  const control = new TestLine()
  const data = new TestLine()
  const errors = new TestLine()
  let rooms = 0
  const client = new AgentClient(control, data, errors, () => { rooms++ })
  return { control, data, errors, client, rooms: () => rooms }
}

/** Lets promises that are ready settle. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

export const textOf = async (stream: ReadableStream<Uint8Array>): Promise<string> => Buffer.from(await new Response(stream).arrayBuffer()).toString('latin1')
