import { describe, expect, test } from 'vitest'
import { collect } from '../src/guest/command-result.ts'
import { settled, textOf, withAgent } from './support/fake-agent.ts'

describe('running a command', () => {
  test('the script goes behind its length, outputs come apart, the status at the end', async () => {
    const { control, data, errors, client } = withAgent()
    control.say('ready 1\n')
    const command = await client.run(['echo', "it's"], { env: { A: 'b c' } })
    const [line = '', ...script] = control.take().split('\n')
    const text = script.join('\n')
    expect(line).toBe(`run 1 ${Buffer.byteLength(text)} 0`)
    expect(text).toBe("export A='b c'\nexec 'echo' 'it'\\''s'\n")
    control.say('started 1 42\n')
    data.say('out\xff\0')
    errors.say('err')
    control.say('ended 1\nexit 1 3\n')
    expect(await textOf(command.stdout)).toBe('out\xff\0')
    expect(await textOf(command.stderr)).toBe('err')
    expect(await command.finished).toBe(3)
    expect(data.take()).toBe('')
  })

  test('a command waits until the guest is ready, and the next until the one before is done', async () => {
    const { control, client } = withAgent()
    const first = client.run(['a'])
    const second = client.run(['b'])
    await settled()
    expect(control.take()).toBe('')
    control.say('ready 1\n')
    const running = await first
    expect(control.take()).toMatch(/^run 1 /)
    await settled()
    expect(control.take()).toBe('')
    control.say('exit 1 0\n')
    expect(await running.finished).toBe(0)
    await second
    expect(control.take()).toMatch(/^run 2 /)
  })

  test('reports in pieces, other lines and other commands’ reports change nothing', async () => {
    const { control, client } = withAgent()
    control.say('rea')
    control.say('dy 1\n')
    const command = await client.run(['a'])
    control.say(`${'x'.repeat(100_000)}\nexit 1\nexit 2 0\nexit 1 0 \xff\nexit -1 0\n\nexit 1 99`)
    control.say('9999999999\nwant\n')
    let over = false
    void command.finished.then(() => { over = true })
    await settled()
    // "exit 1 0 \xff" has more words than the agent says, and is read as far as it makes sense.
    expect(over).toBe(true)
  })

  test('another version of the agent is refused', async () => {
    const { control, client } = withAgent()
    control.say('ready 2\n')
    await expect(client.ready).rejects.toMatchObject({ code: 'ERR_GUEST_PROTOCOL' })
    await expect(client.run(['a'])).rejects.toMatchObject({ code: 'ERR_GUEST_PROTOCOL' })
  })
})

describe('input', () => {
  test('a piece is sent for each that is asked for, then the end', async () => {
    const { control, data, client } = withAgent()
    control.say('ready 1\n')
    await client.run(['cat'], { stdin: Uint8Array.of(0, 255, 10) })
    expect(control.take()).toMatch(/^run 1 \d+ 1\n/)
    await settled()
    expect(data.take()).toBe('')
    control.say('want 1\n')
    await settled()
    expect(data.take()).toBe('3\n\0\xff\n')
    control.say('want 1\n')
    await settled()
    expect(data.take()).toBe('0\n')
  })

  test('long input comes in pieces of at most 32 KiB, whole', async () => {
    const { control, data, client } = withAgent()
    control.say('ready 1\n')
    const input = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index * 7))
    await client.run(['cat'], { stdin: input })
    const pieces: string[] = []
    for (;;) {
      control.say('want 1\n')
      await settled()
      const [length = '', ...rest] = data.take().split('\n')
      if (length === '0') break
      const piece = rest.join('\n')
      expect(piece.length).toBe(Number(length))
      expect(piece.length).toBeLessThanOrEqual(32_768)
      pieces.push(piece)
    }
    expect(Buffer.from(pieces.join(''), 'latin1').equals(input)).toBe(true)
  })

  test('a piece that is asked for when the command has ended is the end, though the source says nothing', async () => {
    const { control, data, client } = withAgent()
    let cancelled = false
    control.say('ready 1\n')
    const command = await client.run(['true'], { stdin: new ReadableStream({ cancel: () => { cancelled = true } }) })
    control.say('want 1\n')
    await settled()
    expect(data.take()).toBe('')
    control.say('ended 1\n')
    expect(data.take()).toBe('0\n')
    control.say('want 1\n')
    expect(data.take()).toBe('0\n')
    control.say('exit 1 0\n')
    expect(await command.finished).toBe(0)
    expect(cancelled).toBe(true)
  })

  test('a source that fails kills the command and is what it fails with', async () => {
    const { control, data, client } = withAgent()
    control.say('ready 1\n')
    const source = (async function* () {
      yield Buffer.from('a')
      await settled()
      throw new Error('the disk is on fire')
    })()
    const command = await client.run(['cat'], { stdin: source })
    control.take()
    control.say('started 1 42\nwant 1\n')
    await settled()
    expect(data.take()).toBe('1\na')
    control.say('want 1\n')
    await settled()
    await settled()
    expect(data.take()).toBe('0\n')
    expect(control.take()).toBe('kill 42 KILL\n')
    control.say('ended 1\nexit 1 137\n')
    await expect(command.finished).rejects.toThrow('on fire')
  })
})

describe('an end from outside', () => {
  test('signals reach the process group, also those sent before it is known', async () => {
    const { control, client } = withAgent()
    control.say('ready 1\n')
    const command = await client.run(['sleep', '9'])
    control.take()
    command.kill('INT')
    expect(control.take()).toBe('')
    control.say('started 1 42\n')
    expect(control.take()).toBe('kill 42 INT\n')
    command.kill()
    expect(control.take()).toBe('kill 42 TERM\n')
    control.say('ended 1\n')
    command.kill('KILL')
    expect(control.take()).toBe('')
  })

  test('an abort kills the command; its reason is what it rejects with, once the command is gone', async () => {
    const { control, client } = withAgent()
    control.say('ready 1\n')
    const abort = new AbortController()
    const command = await client.run(['sleep', '9'], { signal: abort.signal })
    control.say('started 1 42\n')
    control.take()
    abort.abort(new Error('enough'))
    expect(control.take()).toBe('kill 42 KILL\n')
    control.say('ended 1\nexit 1 137\n')
    await expect(command.finished).rejects.toThrow('enough')
    await expect(textOf(command.stdout)).rejects.toThrow('enough')
    // The guest goes on to serve others.
    const next = await client.run(['true'])
    control.say('exit 2 0\n')
    expect(await next.finished).toBe(0)
  })

  test('a signal that is aborted already keeps the command from starting', async () => {
    const { control, client } = withAgent()
    control.say('ready 1\n')
    await expect(client.run(['a'], { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late')
    expect(control.take()).toBe('')
  })

  test('a guest that is gone fails what runs, what waits and what comes', async () => {
    const { control, client } = withAgent()
    control.say('ready 1\n')
    const running = await client.run(['a'])
    const waiting = client.run(['b'])
    const shell = client.shell()
    await settled()
    client.fail(new Error('gone'))
    await expect(running.finished).rejects.toThrow('gone')
    await expect((await waiting).finished).rejects.toThrow('gone')
    await expect(shell).rejects.toThrow('gone')
    await expect((await client.run(['c'])).finished).rejects.toThrow('gone')
  })
})

describe('output that is not read', () => {
  test('makes the guest wait until somebody catches up', async () => {
    const { control, data, client, rooms } = withAgent()
    control.say('ready 1\n')
    const command = await client.run(['yes'])
    data.say('x'.repeat(300_000))
    expect(client.congested).toBe(true)
    const before = rooms()
    const reader = command.stdout.getReader()
    await reader.read()
    await settled()
    expect(client.congested).toBe(false)
    expect(rooms()).toBeGreaterThan(before)
    data.say('y'.repeat(300_000))
    expect(client.congested).toBe(true)
    await reader.cancel()
    expect(client.congested).toBe(false)
  })

  test('more than may be gathered ends the command', async () => {
    const { control, data, client } = withAgent()
    control.say('ready 1\n')
    const result = collect((signal) => client.run(['yes'], { signal }), { maxOutput: 10 })
    await settled()
    control.say('started 1 42\n')
    data.say('0123456789')
    await settled()
    expect(control.take()).not.toContain('kill')
    data.say('x')
    await settled()
    expect(control.take()).toBe('kill 42 KILL\n')
    control.say('ended 1\nexit 1 137\n')
    await expect(result).rejects.toMatchObject({ code: 'ERR_OUTPUT_LIMIT' })
  })
})

test('a shell is told the terminal’s size; its status comes back while commands run on', async () => {
  const { control, client } = withAgent()
  control.say('ready 1\n')
  const shell = client.shell({ size: { rows: 30, columns: 100 }, term: 'xterm' })
  await settled()
  const said = control.take()
  expect(said).toMatch(/^shell 1 \d+ 30 100\n/)
  expect(said).toContain("export TERM='xterm'")
  control.say('started 1 7\nexit 1 5\n')
  expect(await shell).toBe(5)
})
