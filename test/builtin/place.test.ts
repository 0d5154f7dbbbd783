import { expect, test } from 'vitest'
import { type Life, placeInArena, placeInSlots } from '../../src/builtin/place.ts'
import { Random } from './random/random.ts'

interface Wanted extends Life {
  readonly bytes: number
}

function lives(random: Random, count: number): Wanted[] {
  return Array.from({ length: count }, () => {
    const from = random.int(0, 60)
    return { from, to: from + random.int(0, random.int(0, 4) === 0 ? 60 : 3), bytes: 64 * random.int(1, 9) }
  })
}

const overlap = (a: Life, b: Life): boolean => a.from <= b.to && b.from <= a.to

/** The greedy by size, looking at everything. */
function plainArena(wanting: readonly Wanted[]): Map<Wanted, number> {
  const offsets = new Map<Wanted, number>()
  for (const one of wanting.toSorted((a, b) => b.bytes - a.bytes)) {
    const others = [...offsets].filter(([other]) => overlap(one, other)).sort(([, a], [, b]) => a - b)
    let begin = 0
    for (const [other, offset] of others) {
      if (begin + one.bytes <= offset) break
      begin = Math.max(begin, offset + other.bytes)
    }
    offsets.set(one, begin)
  }
  return offsets
}

test('arenas are those of the plain greedy algorithm', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const wanting = lives(new Random(seed), 40)
    const { offsets, bytes } = placeInArena(wanting)
    const plain = plainArena(wanting)
    expect([...offsets]).toEqual([...plain])
    expect(bytes).toBe(Math.max(...[...plain].map(([one, offset]) => offset + one.bytes)))
  }
})

test('what lives at one time is apart, also where thousands do', () => {
  const wanting = Array.from({ length: 6000 }, (_, i) => ({ from: 0, to: 9, bytes: i < 3000 ? 64 : 128 }))
  const { offsets, bytes } = placeInArena(wanting)
  const places = [...offsets].map(([one, offset]) => [offset, offset + one.bytes] as const).sort(([a], [b]) => a - b)
  places.slice(1).forEach(([begin], i) => expect(begin).toBeGreaterThanOrEqual(places[i]![1]))
  expect(bytes).toBe(3000 * 64 + 3000 * 128)
})

test('the first slot that is free is taken', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const wanting = lives(new Random(seed), 40)
    const { slots, count } = placeInSlots(wanting)
    const freeFrom: number[] = []
    for (const one of wanting.toSorted((a, b) => a.from - b.from)) {
      const free = freeFrom.findIndex((position) => position < one.from)
      const slot = free < 0 ? freeFrom.length : free
      freeFrom[slot] = one.to
      expect(slots.get(one)).toBe(slot)
    }
    expect(count).toBe(freeFrom.length)
  }
})
