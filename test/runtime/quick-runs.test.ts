import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { CheckedInput } from '../../src/runtime/input-port.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { QuickRuns } from '../../src/runtime/quick-runs.ts'
import type { ModelSession } from '../../src/runtime/session.ts'
import { compileModel, factsOf, testAddon } from '../native/libraries.ts'
import { makeFolder } from '../scratch.ts'

/** A session whose runs take as long as it is told; it notes where they were. */
class Fake {
  milliseconds = 0
  /** What the way to another thread takes, there and back. */
  way = 0
  readonly places: ('here' | 'elsewhere')[] = []
  readonly session = {
    run: (_: readonly CheckedInput[], took?: (milliseconds: number) => void) => {
      this.places.push('elsewhere')
      if (this.way > 0) pass(this.milliseconds + this.way)
      took?.(this.milliseconds)
      return Promise.resolve({})
    },
    runSync: () => {
      this.places.push('here')
      pass(this.milliseconds)
      return {}
    },
  } as unknown as ModelSession
}

function pass(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end) continue
}

const sized = (...shapes: readonly number[][]): CheckedInput[] =>
  shapes.map((dims) => ({ dims, data: new Float32Array(dims.reduce((product, dim) => product * dim, 1)) }))

describe('runs of known time', () => {
  it('are done at once where some were quick, and elsewhere again where one of them is not', () => {
    const fake = new Fake()
    const quick = new QuickRuns({ grows: true })
    const run = (times: number): void => {
      for (let i = 0; i < times; i++) void quick.run(fake.session, sized([2, 3]), performance.now())
    }
    run(4)
    expect(fake.places).not.toContain('here')
    run(1)
    expect(fake.places.pop()).toBe('here')
    fake.milliseconds = 1
    run(2) // this one is done here before anybody knows, and the next is not
    expect(fake.places.slice(-2)).toEqual(['here', 'elsewhere'])
    run(20)
    expect(fake.places.slice(-20)).not.toContain('here')
  })

  it('let the event loop have its turn where one is awaited after the other', async () => {
    const fake = new Fake()
    fake.milliseconds = 0.02
    const quick = new QuickRuns({})
    let sinceTurn = 0
    let most = 0
    const turn = setInterval(() => (sinceTurn = 0))
    vi.stubGlobal('setImmediate', undefined) // as tests of browsers' code have it
    for (let i = 0; i < 400; i++) {
      await quick.run(fake.session, sized([2, 3]), performance.now())
      most = Math.max(most, ++sinceTurn)
    }
    clearInterval(turn)
    vi.unstubAllGlobals()
    expect(fake.places.slice(20)).toContain('here')
    expect(most).toBeGreaterThan(10)
    expect(most).toBeLessThan(200)
  })

  it('let it have its turn however many loops there are, and models', async () => {
    const fake = new Fake()
    fake.milliseconds = 0.02
    const models = [new QuickRuns({}), new QuickRuns({})]
    let sinceTurn = 0
    let most = 0
    let goesOn = true
    const turn = (): void => {
      sinceTurn = 0
      if (goesOn) setImmediate(turn)
    }
    turn()
    const loop = async (quick: QuickRuns): Promise<void> => {
      for (let i = 0; i < 100; i++) {
        await quick.run(fake.session, sized([2, 3]), performance.now())
        most = Math.max(most, ++sinceTurn)
      }
    }
    await Promise.all(Array.from({ length: 20 }, (_, i) => loop(models[i % 2]!)))
    goesOn = false
    expect(most).toBeGreaterThan(10)
    expect(most).toBeLessThan(200)
  })

  it('are not doubted for one of them that was interrupted', () => {
    const fake = new Fake()
    const quick = new QuickRuns({})
    const run = (milliseconds: number): void => {
      fake.milliseconds = milliseconds
      void quick.run(fake.session, sized([2]), performance.now())
    }
    for (const took of [0, 0, 0, 0, 1, 0, 0]) run(took)
    expect(fake.places.slice(-3)).toEqual(['here', 'elsewhere', 'here'])
  })

  it('are done elsewhere where no run was quick', () => {
    const fake = new Fake()
    fake.milliseconds = 0.2
    const quick = new QuickRuns({ grows: true })
    for (let i = 0; i < 20; i++) void quick.run(fake.session, sized([1]), performance.now())
    expect(fake.places).not.toContain('here')
  })

  it.each<[string, number, number, 'here' | 'elsewhere']>([
    ['where that is longer than they', 0.06, 0.3, 'here'],
    ['not where it is shorter', 0.07, 0, 'elsewhere'],
    ['not where both take long', 0.12, 1, 'elsewhere'],
  ])('are done at once by what the way to another thread takes: %s', (_, milliseconds, way, place) => {
    const fake = new Fake()
    Object.assign(fake, { milliseconds, way })
    const quick = new QuickRuns({})
    for (let i = 0; i < 30; i++) void quick.run(fake.session, sized([1]), performance.now())
    expect(fake.places.slice(-15)).toContain(place)
    if (place === 'elsewhere') expect(fake.places).not.toContain('here')
  })

  it.each<[string, number[][], number[][]]>([
    ['a longer axis', [[2, 3]], [[2, 4]]],
    ['as many elements in another shape', [[100, 1]], [[10, 10]]],
    ['one of two inputs larger, the other smaller', [[5], [50]], [[6], [1]]],
  ])('are done elsewhere for sizes that nobody has seen: %s', (_, seen, next) => {
    const fake = new Fake()
    const quick = new QuickRuns({ grows: true })
    for (let i = 0; i < 6; i++) void quick.run(fake.session, sized(...seen), performance.now())
    expect(fake.places.at(-1)).toBe('here')
    void quick.run(fake.session, sized(...next), performance.now())
    expect(fake.places.at(-1)).toBe('elsewhere')
  })

  it('are done at once for smaller sizes where larger ones take longer', () => {
    const placesOf = (grows: boolean): Fake['places'] => {
      const fake = new Fake()
      const quick = new QuickRuns({ grows })
      for (let i = 0; i < 4; i++) void quick.run(fake.session, sized([8, 3], [8]), performance.now())
      void quick.run(fake.session, sized([1, 3], [1]), performance.now())
      void quick.run(fake.session, sized([0, 3], [0]), performance.now())
      return fake.places.slice(-2)
    }
    expect(placesOf(true)).toEqual(['here', 'here'])
    expect(placesOf(false)).toEqual(['elsewhere', 'elsewhere'])
  })

  describe('that elements decide', () => {
    const rate = (...values: number[]) => ({ dims: [values.length], data: Float32Array.from(values) })

    it.each<[string, number[], number[], 'here' | 'elsewhere']>([
      ['the same', [16000], [16000], 'here'],
      ['others', [16000], [8000], 'elsewhere'],
      ['one that is no number', [NaN], [NaN], 'here'],
      ['a zero of another sign', [0], [-0], 'elsewhere'],
      ['more than are looked at', Array<number>(17).fill(1), Array<number>(17).fill(1), 'elsewhere'],
    ])('%s', (_, seen, next, place) => {
      const fake = new Fake()
      const quick = new QuickRuns({ inputs: [1] })
      for (let i = 0; i < 6; i++) void quick.run(fake.session, [...sized([2]), rate(...seen)], performance.now())
      void quick.run(fake.session, [...sized([2]), rate(...next)], performance.now())
      expect(fake.places.at(-1)).toBe(place)
    })

    it('as they were when the run was begun', () => {
      const fake = new Fake()
      const quick = new QuickRuns({ inputs: [0] })
      const input = rate(1)
      for (let i = 0; i < 4; i++) void quick.run(fake.session, [input], performance.now())
      input.data[0] = 2
      void quick.run(fake.session, [input], performance.now())
      expect(fake.places.at(-1)).toBe('elsewhere')
    })
  })
})

describe('a native model', () => {
  const folder = makeFolder()
  let addon: string
  let library: string
  beforeAll(async () => {
    addon = await testAddon()
    library = await compileModel(folder, 'spin')
  })

  /** Whether a run is done before the event loop goes on. */
  async function isAtOnce(model: ReturnType<typeof createNodeModel>): Promise<boolean> {
    let isDone = false
    const running = model.run({ milliseconds: 0, seed: 7n }).then(({ seed }) => {
      expect(seed!.data).toEqual(BigInt64Array.of(7n))
      isDone = true
    })
    for (let i = 0; i < 20; i++) await Promise.resolve()
    const wasDone = isDone
    await running
    return wasDone
  }

  it('answers at once where it is quick, and its time known', async () => {
    const model = createNodeModel({ ...factsOf('spin'), steadiness: {} }, { addon, library })
    let atOnce = false
    for (let i = 0; i < 500 && !atOnce; i++) atOnce = await isAtOnce(model) // a busy machine may need some
    expect(atOnce).toBe(true)
    model.dispose()
    await expect(model.run({ milliseconds: 0, seed: 7n })).rejects.toMatchObject({ code: 'RUN_DISPOSED' })
  })

  it('never does where nobody knows how long it will take', async () => {
    const model = createNodeModel(factsOf('spin'), { addon, library })
    for (let i = 0; i < 30; i++) expect(await isAtOnce(model)).toBe(false)
    model.dispose()
  })
})
