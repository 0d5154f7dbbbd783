import { describe, expect, test } from 'vitest'
import { isFaster, NO_TIME, ratioOf, search, type Workbench } from '../../../src/compilers/tune/search.ts'
import type { Variant } from '../../../src/compilers/tune/variants.ts'
import type { Choices } from '../../../src/lowering/choices.ts'

/** A build is what its run takes, in ms. */
interface Build {
  readonly choices: Choices
  readonly ms: number
}

const base: Build = { choices: {}, ms: 10 }

interface Scene {
  /** What a run takes with given choices; what is wrong with the build; or `undefined`, where they make no difference. */
  readonly runs: (choices: Choices) => number | string | undefined
  /** Seconds that each build takes; each race takes one. */
  readonly buildSeconds?: number
}

/** A bench whose clock is moved by what is done on it. */
function benchOf({ runs, buildSeconds = 2 }: Scene) {
  let now = 0
  const events: string[] = []
  const dropped: Build[] = []
  const bench: Workbench<Build> = {
    now: () => now,
    async build(choices, ms) {
      const outcome = runs(choices)
      if (outcome === undefined) return undefined
      now += Math.min(ms, buildSeconds * 1000)
      if (ms < buildSeconds * 1000) return { problem: NO_TIME }
      return typeof outcome === 'string' ? { problem: outcome } : { build: { choices, ms: outcome } }
    },
    async race(before, after) {
      now += 1000
      return Array.from({ length: 5 }, () => ({ before: before.ms, after: after.ms }))
    },
    progress: (name, step, steps) => events.push(`${step}/${steps} ${name}`),
    drop: async (build) => void dropped.push(build),
  }
  return { bench, events, dropped, seconds: () => now / 1000 }
}

const variant = (name: string, decides: Variant['decides'], changes: Choices): Variant => ({
  name,
  decides,
  changes,
  suits: () => true,
})
const never = variant('never', 'winograd', { winograd: 'never' })
const always = variant('always', 'winograd', { winograd: 'always' })
const rows = variant('rows', 'rows', { macros: { OM_ROW_TILES: 8 } })
const pixels = variant('pixels', 'rows', { macros: { OM_PIXELS: 4 } })

describe('a race', () => {
  const race = (...pairs: [number, number][]) => pairs.map(([before, after]) => ({ before, after }))

  test('is won by 3 % in the median and at best, and in most rounds', () => {
    expect(isFaster(race([100, 90], [100, 91], [101, 92]))).toBe(true)
    expect(ratioOf(race([100, 80], [100, 50], [100, 100]))).toBe(1.25)
    expect(isFaster(race([100, 98], [100, 98], [100, 98]))).toBe(false)
    expect(isFaster(race([100, 110], [100, 120], [100, 115]))).toBe(false)
  })

  test('is not won by disturbances of one side', () => {
    // The median speaks for it, the best times don't.
    expect(isFaster(race([100, 99], [150, 100], [160, 101]))).toBe(false)
    // Both do, and half of the rounds don't.
    expect(isFaster(race([100, 90], [300, 90], [100, 102], [100, 103], [100, 92], [100, 101]))).toBe(false)
    expect(isFaster([])).toBe(false)
  })
})

test('what is better stays, and the next is tried on top of it', async () => {
  const { bench, events, dropped } = benchOf({
    runs: ({ winograd, macros = {} }) =>
      10 - (winograd === 'never' ? 2 : 0) - (macros['OM_ROW_TILES'] ? 1 : 0) + (macros['OM_PIXELS'] ? 1 : 0),
  })
  const found = await search([never, always, rows, pixels], base, bench, { seconds: 100, build: 1, race: 1 })
  expect(found).toMatchObject({
    build: { ms: 7 },
    choices: { winograd: 'never', macros: { OM_ROW_TILES: 8 } },
    names: ['never', 'rows'],
    ratio: 10 / 7,
    tried: [
      { name: 'never', ratio: 10 / 8 },
      { name: 'always', ratio: 0.8 },
      { name: 'rows', ratio: 8 / 7 },
      { name: 'pixels', ratio: 7 / 8 },
    ],
  })
  expect(events).toEqual(['1/4 never', '2/4 always', '3/4 rows', '4/4 pixels'])
  // All but the base, whose owner drops it, and the winner.
  expect(dropped.map(({ ms }) => ms)).toEqual([10, 8, 8])
})

test('of two that decide the same thing the better one counts', async () => {
  const { bench } = benchOf({ runs: ({ winograd }) => (winograd === 'never' ? 9 : 8) })
  const found = await search([never, always], base, bench, { seconds: 100, build: 1, race: 1 })
  expect(found).toMatchObject({ choices: { winograd: 'always' }, names: ['always'], ratio: 10 / 8 })
})

test('macros of several variants are kept together', async () => {
  const { bench } = benchOf({ runs: ({ macros = {} }) => 10 - Object.keys(macros).length })
  const { choices } = await search([rows, pixels], base, bench, { seconds: 100, build: 1, race: 1 })
  expect(choices.macros).toEqual({ OM_ROW_TILES: 8, OM_PIXELS: 4 })
})

test('what is wrong, or makes no difference, is not timed', async () => {
  const { bench, dropped } = benchOf({
    runs: ({ winograd, macros }) => (winograd === 'never' ? 'its results differ' : macros ? undefined : 5),
  })
  const found = await search([never, rows, pixels], base, bench, { seconds: 100, build: 1, race: 1 })
  expect(found).toEqual({
    build: base,
    choices: {},
    names: [],
    ratio: 1,
    tried: [{ name: 'never', ratio: null, problem: 'its results differ' }],
  })
  expect(dropped).toEqual([])
})

test('one that is no faster in the last race is not kept', async () => {
  const { bench, dropped } = benchOf({ runs: () => 8 })
  let races = 0
  const fickle: Workbench<Build> = {
    ...bench,
    // Two won by luck.
    race: async (before, after) =>
      races++ < 2 ? bench.race(before, after) : [{ before: before.ms, after: before.ms }],
  }
  const found = await search([never], base, fickle, { seconds: 100, build: 1, race: 1 })
  expect(found).toMatchObject({ build: base, names: [], ratio: 1, tried: [{ name: 'never', ratio: 1.25 }] })
  expect(dropped).toHaveLength(1)
})

test.each([1, 3, 4, 7, 9, 20])('%i seconds are not exceeded', async (bound) => {
  const all = [never, always, rows, pixels]
  const { bench, seconds } = benchOf({ runs: () => 9 })
  const { tried } = await search(all, base, bench, { seconds: bound, build: 2, race: 1 })
  expect(seconds()).toBeLessThanOrEqual(bound)
  // Whatever was not tried is told.
  expect(tried.map(({ name }) => name)).toEqual(all.map(({ name }) => name))
  expect(tried.at(-1)?.problem).toBe(bound < 20 ? NO_TIME : undefined)
})

test('a build that takes longer than there is time is given up', async () => {
  const { bench, seconds } = benchOf({ runs: () => 1, buildSeconds: 1000 })
  const found = await search([never, always], base, bench, { seconds: 10, build: 1, race: 1 })
  expect(found).toMatchObject({ build: base, names: [] })
  expect(seconds()).toBe(7) // less the races that would have followed
})
