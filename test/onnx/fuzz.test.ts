import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ModelError } from '../../src/errors/index.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { filesBelow, present, suiteDir } from './suite.ts'

/** Small numbers that look random and are the same on every run (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** What a damaged or hostile file may have: other bytes, huge varints, parts missing, doubled or moved. */
function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const at = random(bytes.length)
  const length = 1 + random(Math.min(40, bytes.length - at))
  const part = bytes.subarray(at, at + length)
  const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts))
  switch (random(6)) {
    case 0:
      return bytes.map((byte, i) => (i === at ? byte ^ (1 << random(8)) : byte))
    case 1:
      return bytes.map((byte, i) => (i === at ? random(256) : byte))
    case 2:
      return join(
        bytes.subarray(0, at),
        Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 127),
        bytes.subarray(at + 1),
      )
    case 3:
      return join(bytes.subarray(0, at), bytes.subarray(at + length))
    case 4:
      return join(bytes.subarray(0, at), part, bytes.subarray(at))
    default:
      return join(bytes.subarray(at), bytes.subarray(0, at))
  }
}

const branch = (output: string) => ({
  outputs: { [output]: tensorType('float32') },
  nodes: [{ op: 'Neg', inputs: ['x'], outputs: [output] }],
})
const withEverything = modelBytes({
  opsets: { '': 21, local: 1 },
  metadata: { a: 'b' },
  inputs: { x: tensorType('float32', ['n', 3]), b: tensorType('bool', []) },
  outputs: { y: tensorType('float32', ['n', 3]) },
  initializers: {
    i: tensorFrom('int64', [2], [1n, -1n]),
    s: tensorFrom('string', [1], ['text']),
    q: tensorFrom('int4', [3], [1, 2, 3]),
  },
  nodes: [
    { op: 'If', inputs: ['b'], outputs: ['z'], attributes: { then_branch: branch('t'), else_branch: branch('e') } },
    { op: 'F', domain: 'local', inputs: ['z'], outputs: ['y'], attributes: { axes: [1n, 2n], alpha: 0.5, text: 'q' } },
  ],
  functions: [
    {
      name: 'F',
      domain: 'local',
      inputs: ['a'],
      outputs: ['c'],
      opsets: { '': 21 },
      nodes: [{ op: 'Abs', inputs: ['a'], outputs: ['c'] }],
    },
  ],
})

describe('mutated models', () => {
  const baseDir = mkdtempSync(join(tmpdir(), 'fuzz-'))
  afterAll(() => rmSync(baseDir, { recursive: true, force: true }))

  /** Reads `rounds` mutations, each of up to four steps; everything but a model or a ModelError fails. */
  function fuzz(bytes: Uint8Array, seed: number, rounds: number): { read: number; refused: number } {
    const random = randomFrom(seed)
    const count = { read: 0, refused: 0 }
    for (let round = 0; round < rounds; round++) {
      let mutant = bytes
      for (let steps = 1 + random(4); steps > 0 && mutant.length > 0; steps--) mutant = mutate(mutant, random)
      const start = performance.now()
      try {
        decodeModel(mutant, { baseDir })
        count.read++
      } catch (error) {
        if (!(error instanceof ModelError)) throw new Error(`seed ${seed}, round ${round}`, { cause: error })
        count.refused++
      }
      expect(performance.now() - start, `seed ${seed}, round ${round}`).toBeLessThan(2000)
    }
    return count
  }

  it('one with everything in it', () => {
    const before = process.memoryUsage().rss
    const { read, refused } = fuzz(withEverything, 1, 3000)
    expect(read).toBeGreaterThan(50)
    expect(refused).toBeGreaterThan(1000)
    expect(process.memoryUsage().rss - before).toBeLessThan(512 * 2 ** 20)
  })

  const small = [
    'test_if',
    'test_loop11',
    'test_scan9_sum',
    'test_sequence_map_identity_1_tensor',
    'test_constant',
    'test_lstm_defaults',
  ]
  it.runIf(present(suiteDir))("ONNX's own", () => {
    const paths = filesBelow(`${suiteDir}/node`, '/model.onnx').filter((path) =>
      small.includes(basename(join(path, '..'))),
    )
    expect(paths.length).toBeGreaterThan(3)
    paths.forEach((path, i) => expect(fuzz(readFileSync(path), 100 + i, 300).refused).toBeGreaterThan(50))
  })
})
