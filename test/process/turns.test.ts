import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Turns } from '../../src/process/turns.ts'

/** Work that goes on until told to end. */
function piece(): { readonly work: () => Promise<string>; end(error?: Error): void; readonly begun: () => boolean } {
  let end: (error?: Error) => void = () => {}
  const promise = new Promise<string>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve('done'))
  })
  let begun = false
  return {
    work: () => {
      begun = true
      return promise
    },
    begun: () => begun,
    end,
  }
}

describe('turns', () => {
  test('so much goes on at once, and the rest in the order in which it came', async () => {
    const turns = new Turns(2)
    const pieces = Array.from({ length: 6 }, piece)
    const all = pieces.map(({ work }, i) => turns.take(String(i), work))
    const begun = () => pieces.map((one) => one.begun())
    await sleep(0)
    expect(begun()).toEqual([true, true, false, false, false, false])
    pieces[1]!.end()
    await all[1]
    await sleep(0)
    expect(begun()).toEqual([true, true, true, false, false, false])
    // One that fails gives its turn away, too.
    pieces[0]!.end(new Error('broken'))
    await expect(all[0]).rejects.toThrow('broken')
    await sleep(0)
    expect(begun()).toEqual([true, true, true, true, false, false])
    for (const { end } of pieces) end()
    expect(await Promise.allSettled(all)).toHaveLength(6)
  })

  test('a newcomer doesn’t overtake who waits', async () => {
    const turns = new Turns(1)
    const order: string[] = []
    const step = (name: string) => turns.take(name, async () => void order.push(name))
    const first = step('first')
    const second = step('second')
    // Comes in the very moment in which the first is done.
    const third = first.then(() => step('third'))
    await Promise.all([second, third])
    expect(order).toEqual(['first', 'second', 'third'])
  })

  test('who waits is told for what, once', async () => {
    const turns = new Turns(1)
    const [a, b] = [piece(), piece()]
    const told: (readonly string[])[] = []
    const onWait = (running: readonly string[]): void => void told.push(running)
    const all = [turns.take('a', a.work, { onWait }), turns.take('b', b.work, { onWait })]
    expect(told).toEqual([['a']])
    a.end()
    b.end()
    await Promise.all(all)
    expect(told).toHaveLength(1)
  })

  test('a wait can be given up, and nobody loses a turn by it', async () => {
    const turns = new Turns(1)
    const [a, b, c] = [piece(), piece(), piece()]
    const controller = new AbortController()
    const first = turns.take('a', a.work)
    const second = turns.take('b', b.work, { signal: controller.signal })
    const third = turns.take('c', c.work)
    controller.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
    await expect(turns.take('d', b.work, { signal: controller.signal })).rejects.toThrow('enough')
    expect(b.begun()).toBe(false)
    a.end()
    c.end()
    expect(await Promise.all([first, third])).toEqual(['done', 'done'])
    // The turn is free again.
    expect(await turns.take('e', async () => 5)).toBe(5)
  })
})
