import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { allowRelaxedSimd } from '../../src/conformance/relaxed-simd.ts'
import { createPipeline } from '../../src/pipeline/index.ts'
import { opcode, readInstruction } from '../../src/toolchains/wasm-code.ts'
import { Reader, readSections, s32, section, u32, writeModule } from '../../src/toolchains/wasm-format.ts'
import { relaxedModule } from '../../src/toolchains/wasm-relaxed.ts'
import { findWasm } from '../../src/toolchains/wasm-find.ts'
import { randomNumbers } from '../../src/compilers/random-numbers.ts'

/** Node's WebAssembly, which has no types without those of a browser. */
interface Wasm {
  validate(bytes: Uint8Array): boolean
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { exports: unknown }
}
const wasm = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly

// Instructions.
const get = (index: number) => [0x20, index]
const set = (index: number) => [0x21, index]
const tee = (index: number) => [0x22, index]
const i32 = (value: number) => [0x41, ...s32(value)]
const add = [0xfd, 0xe4, 0x01]
const sub = [0xfd, 0xe5, 0x01]
const mul = [0xfd, 0xe6, 0x01]
const madd = [0xfd, 0x85, 0x02]
const nmadd = [0xfd, 0x86, 0x02]
const load = (address: number) => [...i32(address), 0xfd, 0x00, 4, 0]
const store = [0xfd, 0x0b, 4, 0]
const nop = [0x01]
const end = [0x0b]

/** The parts of a module with the one function `f` without results, of `locals` vectors, and with a page of memory. */
function moduleOf(code: readonly number[], locals = 8): Uint8Array {
  const declared = locals === 0 ? [0] : [1, locals, 0x7b]
  const body = [...declared, ...code, ...end]
  return writeModule([
    { id: section.type, content: Uint8Array.of(1, 0x60, 0, 0) },
    { id: section.function, content: Uint8Array.of(1, 0) },
    { id: 5, content: Uint8Array.of(1, 0, 1) },
    { id: section.export, content: Uint8Array.of(2, 1, 102, 0, 0, 1, 109, 2, 0) },
    { id: section.code, content: Uint8Array.from([1, ...u32(body.length), ...body]) },
  ])
}

/** The locals and the code of the one function. */
function codeOf(module: Uint8Array): number[] {
  const { content } = readSections(module).find(({ id }) => id === section.code)!
  const reader = new Reader(content)
  reader.u32()
  return [...reader.take(reader.u32())].slice(0, -1)
}

/** What becomes of the code of a function that drops its result. */
function fused(...code: readonly (readonly number[])[]): number[] | undefined {
  const module = moduleOf([...code.flat(), 0x1a])
  expect(wasm.validate(module)).toBe(true)
  const made = relaxedModule(module)
  return made && codeOf(made).slice(0, -1)
}
const expected = (...code: readonly (readonly number[])[]): number[] => [1, 8, 0x7b, ...code.flat()]

describe('what is fused', () => {
  it('a product and a summand after it', () => {
    expect(fused(get(0), get(1), mul, get(2), add)).toEqual(expected(get(0), get(1), get(2), madd))
    expect(fused(get(0), load(16), mul, load(0), add)).toEqual(expected(get(0), load(16), load(0), madd))
  })

  it('a product and a local before it', () => {
    expect(fused(get(2), get(0), get(1), mul, add)).toEqual(expected(get(0), get(1), get(2), madd))
    expect(fused(get(2), get(0), get(1), mul, sub)).toEqual(expected(get(0), get(1), get(2), nmadd))
  })

  it('a product and anything else before it, which a local of its own keeps meanwhile', () => {
    const own = (code: number[]) => [2, 8, 0x7b, 1, 0x7b, ...code]
    expect(fused(load(0), get(0), get(1), mul, add)).toEqual(
      own([load(0), set(8), get(0), get(1), get(8), madd].flat()),
    )
    // The local has another value by the time.
    expect(fused(get(2), load(0), tee(2), get(1), mul, add)).toEqual(
      own([get(2), set(8), load(0), tee(2), get(1), get(8), madd].flat()),
    )
  })

  it('sums within factors of others', () => {
    const inner = [load(32), get(0), get(1), mul, add].flat()
    const made = fused(load(0), inner, get(1), mul, add)!
    expect(made.slice(0, 5)).toEqual([2, 8, 0x7b, 2, 0x7b]) // each has a local
    const after = fused(load(0), get(0), get(1), mul, add, get(2), get(3), mul, add)!
    expect(after.slice(0, 5)).toEqual([2, 8, 0x7b, 1, 0x7b]) // one after the other share it
  })

  it('one of two products', () => {
    expect(fused(get(0), get(1), mul, get(2), get(3), mul, add)).toEqual(
      expected(get(0), get(1), get(2), get(3), mul, madd),
    )
  })

  it.each([
    ['a product that is used elsewhere, too', [get(0), get(1), mul, tee(3), get(2), add]],
    ['a product of which something is taken away', [get(0), get(1), mul, get(2), sub]],
    ['a product of another type', [get(0), get(1), [0xfd, 0xf2, 0x01], get(2), add]],
    ['a product before a block', [get(0), get(1), mul, [0x02, 0x40], end, get(2), add]],
    ['a sum of sums', [get(0), get(1), add, get(2), add]],
  ])('not %s', (_, code) => {
    expect(fused(...code)).toBeUndefined()
  })

  it('functions of parameters have their own locals behind theirs', () => {
    const body = [0, ...get(0), ...tee(0), ...get(1), ...get(1), ...mul, ...add, ...end]
    const made = relaxedModule(
      writeModule([
        { id: section.type, content: Uint8Array.of(2, 0x60, 0, 0, 0x60, 2, 0x7b, 0x7b, 1, 0x7b) },
        { id: section.function, content: Uint8Array.of(1, 1) },
        { id: section.code, content: Uint8Array.from([1, body.length, ...body]) },
      ]),
    )
    expect(codeOf(made!)).toEqual(
      [
        [1, 1, 0x7b],
        [get(0), tee(0), set(2), get(1), get(1), get(2), madd],
      ].flat(2),
    )
  })
})

describe('bad modules', () => {
  const good = moduleOf([...get(0), ...get(1), ...mul, ...get(2), ...add, 0x1a])

  it('cut short anywhere: an error, or what was whole', () => {
    for (let length = 0; length < good.length; length++) {
      let made: Uint8Array | undefined
      try {
        made = relaxedModule(good.subarray(0, length))
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError)
        continue
      }
      // Whole sections, without that of the code.
      expect(made).toBeUndefined()
    }
  })

  it.each([
    ['an opcode', [0x06]],
    ['a vector opcode', [0xfd, 0x9a, 0x01]],
    ['an opcode of a later proposal', [0xfb, 0x00]],
    ['a number that never ends', [0x41, ...Array<number>(11).fill(0x80)]],
  ])('%s that is not known', (_, code) => {
    expect(() => relaxedModule(moduleOf(code))).toThrow(TypeError)
  })

  it('a type that is none of a function', () => {
    const content = Uint8Array.of(1, 0x5f, 0)
    expect(() => relaxedModule(writeModule([{ id: section.type, content }]))).toThrow(
      'a type of the module is not that of a function',
    )
  })
})

test('each instruction of the proposals ends where the next one begins', () => {
  const all: (readonly number[])[] = [
    nop,
    [0x02, 0x40],
    [0x0c, 0x80, 0x01],
    [0x0e, 2, 0, 1, 2],
    [0x11, 3, 0],
    [0x1c, 1, 0x7b],
    [0x28, 2, 0x80, 0x80, 0x04],
    [0x3f, 0],
    [0x41, 0x80, 0x80, 0x80, 0x80, 0x78],
    [0x42, ...Array<number>(9).fill(0x80), 0x7f],
    [0x43, 0x0b, 0x0b, 0x0b, 0x0b],
    [0x44, ...Array<number>(8).fill(0x0b)],
    [0xc4],
    [0xfc, 0],
    [0xfc, 8, 1, 0],
    [0xfc, 10, 0, 0],
    [0xfc, 11, 0],
    [0xfd, 12, ...Array<number>(16).fill(0x0b)],
    [0xfd, 13, ...Array<number>(16).fill(0x0b)],
    [0xfd, 27, 3],
    [0xfd, 0x54, 0, 4, 7],
    [0xfd, 0x5c, 2, 8],
    madd,
    [0xfe, 0, 2, 0],
    [0xfe, 3, 0],
    [0xfe, 0x1e, 2, 0x10],
  ]
  const reader = new Reader(Uint8Array.from(all.flat()))
  expect(all.map(() => readInstruction(reader)).map(({ start, end }) => end - start)).toEqual(
    all.map(({ length }) => length),
  )
  expect(reader.isAtEnd).toBe(true)
})

describe('run', () => {
  beforeAll(allowRelaxedSimd)

  /** Straight code and blocks on numbers that are small and whole: there nothing is rounded, fused or not. */
  function randomCode(seed: number): number[] {
    const random = randomNumbers(seed)
    const below = (limit: number): number => Math.floor(random() * limit)
    const chance = (share: number): boolean => random() < share
    const locals = 8
    const code: number[] = []
    const clamp = (): number[] => [...load(128), 0xfd, 0xe8, 0x01, ...load(144), 0xfd, 0xe9, 0x01]
    for (let i = 0; i < locals; i++) code.push(...load(16 * i), ...set(i))
    function value(depth: number): void {
      if (depth === 0) {
        if (chance(0.7)) code.push(...get(below(locals)))
        else code.push(...load(16 * below(locals)))
        return
      }
      // Things that happen while operands wait.
      if (chance(0.2)) {
        value(0)
        code.push(...clamp(), ...set(below(locals)))
      }
      if (chance(0.1)) code.push(...nop, ...i32(48), ...get(0), ...store)
      if (chance(0.1)) code.push(0x02, 0x40, ...end)
      const [left, right] = chance(0.5) ? [depth - 1, below(depth)] : [below(depth), depth - 1]
      value(left)
      value(right)
      code.push(...[add, add, sub, mul, mul][below(5)]!)
      if (chance(0.2)) code.push(...clamp(), ...tee(below(locals)))
    }
    for (let i = 0; i < 6; i++) {
      code.push(...i32(16 + 16 * (i + 1)))
      value(1 + below(4))
      code.push(...clamp(), ...store)
    }
    return code
  }

  function results(module: Uint8Array): Float32Array {
    const { f, m } = new wasm.Instance(new wasm.Module(module)).exports as {
      f(): void
      m: { buffer: ArrayBuffer }
    }
    const memory = new Float32Array(m.buffer)
    memory.set(Float32Array.from({ length: 32 }, (_, i) => ((i * 5) % 7) - 3))
    memory.fill(3, 32, 36)
    memory.fill(-3, 36, 40)
    f()
    return memory.slice(0, 256)
  }

  it('random code gives the same where nothing is rounded', () => {
    let different = 0
    for (let seed = 1; seed <= 500; seed++) {
      const module = moduleOf(randomCode(seed))
      const made = relaxedModule(module)
      if (made === undefined) continue
      different++
      expect([seed, wasm.validate(made)]).toEqual([seed, true])
      expect([seed, results(made)]).toEqual([seed, results(module)])
    }
    expect(different).toBeGreaterThan(300)
  })
})

const models = new URL('../../../shared/models/', import.meta.url)
const toolchain = await findWasm().catch(() => undefined)
if (!existsSync(models)) console.log('skipped: modules of ../shared/models (there is no such folder)')

describe.runIf(existsSync(models) && toolchain)('models', () => {
  const cache = mkdtempSync(join(tmpdir(), 'relaxed-'))
  afterAll(() => rmSync(cache, { recursive: true, force: true }))
  beforeAll(allowRelaxedSimd)

  const names = existsSync(models) ? readdirSync(models).filter((name) => name.endsWith('.onnx')) : []
  it.each(names)('%s: both modules are valid, and only one has relaxed SIMD', { timeout: 120_000 }, async (name) => {
    const pipeline = createPipeline({ cache })
    const silent = { mode: 'build', log: () => {}, warn: () => {} } as const
    const { artifact } = await pipeline.build(`${new URL(name, models).pathname}?target=wasm`, silent)
    expect(artifact.variants).toMatchObject([{ needs: ['relaxed-simd'] }])
    const [base, relaxed] = [artifact.library, artifact.variants![0]!.library].map((path) => readFileSync(path))
    expect([wasm.validate(base!), wasm.validate(relaxed!)]).toEqual([true, true])
    expect([instructions(base!), instructions(relaxed!)]).toEqual([0, expect.toSatisfy((count: number) => count > 0)])
    expect(relaxed!.length).toBeLessThan(base!.length * 1.02)
  })

  /** How many there are of relaxed SIMD. */
  function instructions(module: Uint8Array): number {
    const { content } = readSections(module).find(({ id }) => id === section.code)!
    const reader = new Reader(content)
    let count = 0
    for (let bodies = reader.u32(); bodies > 0; bodies--) {
      const body = new Reader(reader.take(reader.u32()))
      for (let groups = body.u32(); groups > 0; groups--) {
        body.u32()
        body.byte()
      }
      while (!body.isAtEnd) {
        const { code } = readInstruction(body)
        if (code >= opcode(0xfd, 0x100) && code < opcode(0xfe, 0)) count++
      }
    }
    return count
  }
})
