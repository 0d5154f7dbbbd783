import { describe, expect, it } from 'vitest'
import { type GraphSource, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { f32, i64 } from './harness.ts'
import { apart, random, sessionsOf } from './sessions.ts'

// Random programs on lists: a Loop whose body inserts, erases, reads and replaces, in Ifs and out of them, at positions
// that depend on the iteration; what it leaves is read in several ways. onnxruntime says what is right, or that it is
// refused.

const runtime = onnxruntime()
/** Each is compiled; 130 were tried once, 90 of them under sanitizers. */
const PROGRAMS = 6

const scalar = tensorType('int64', [])

/** Writes nodes one after the other. */
class Writer {
  readonly nodes: NodeSource[] = []
  private readonly names: { count: number }
  private readonly pick: () => number

  constructor(pick: () => number, names = { count: 0 }) {
    this.pick = pick
    this.names = names
  }

  op(op: string, inputs: readonly string[], attributes: NodeSource['attributes'] = {}): string {
    const name = `v${this.names.count++}`
    this.nodes.push({ op, inputs, outputs: [name], attributes })
    return name
  }

  chance(): number {
    return (this.pick() + 1) / 2
  }

  inner(): Writer {
    return new Writer(this.pick, this.names)
  }

  branch(make: (w: Writer) => string): GraphSource {
    const writer = this.inner()
    // A branch gives a value of its own.
    const output = writer.op('Identity', [make(writer)])
    return { outputs: { [output]: undefined }, nodes: writer.nodes }
  }

  /** One of two values of a list, as data decide. */
  either(condition: string, yes: (w: Writer) => string, no: (w: Writer) => string): string {
    return this.op('If', [condition], { then_branch: this.branch(yes), else_branch: this.branch(no) })
  }
}

/** x[0:n] for an n that differs from iteration to iteration. */
function part(w: Writer): string {
  const size = w.op('Mod', [w.op('Add', ['i', 'one']), 'five'])
  return w.op('Slice', ['x', 'zeros', w.op('Reshape', [size, 'ones'])])
}

/** A position from the front or the end; of an empty list there is none, which both must say. */
function position(w: Writer, list: string, more: number): string {
  const length = w.op('Add', [w.op('SequenceLength', [list]), more ? 'one' : 'zero'])
  const front = w.op('Mod', ['i', w.op('Max', [length, 'one'])])
  return w.chance() < 0.5 ? front : w.op('Sub', [front, w.op('SequenceLength', [list])])
}

/** The list after one more step. */
function step(w: Writer, list: string): string {
  const isLong = w.op('Greater', [w.op('SequenceLength', [list]), 'two'])
  const insert = (inner: Writer): string =>
    inner.chance() < 0.5
      ? inner.op('SequenceInsert', [list, part(inner)])
      : inner.op('SequenceInsert', [list, part(inner), position(inner, list, 1)])
  const read = (inner: Writer): string => {
    const twice = inner.op('Add', [inner.op('SequenceAt', [list, position(inner, list, 0)]), 'half'])
    return inner.op('SequenceInsert', [list, twice])
  }
  const erase = (inner: Writer): string =>
    inner.op('SequenceErase', inner.chance() < 0.5 ? [list] : [list, position(inner, list, 0)])
  const renew = (inner: Writer): string => inner.op('SequenceConstruct', [part(inner), 'x'])
  const isEven = w.op('Equal', [w.op('Mod', ['i', 'two']), 'zero'])
  const kind = w.chance()
  if (kind < 0.3) return insert(w)
  if (kind < 0.5) return w.either(isLong, read, insert)
  if (kind < 0.7) return w.either(isLong, erase, insert)
  if (kind < 0.8) return w.either(isEven, renew, insert)
  return w.either(isEven, insert, (inner) => inner.op('Identity', [list]))
}

function program(seed: number): ModelSource {
  const pick = random(seed)
  for (let i = 0; i < 10; i++) pick()
  const w = new Writer(pick)
  const body = w.inner()
  let list = 'before'
  for (let steps = 1 + Math.floor(3 * w.chance()); steps > 0; steps--) list = step(body, list)
  const started = w.chance() < 0.5 ? w.op('SequenceEmpty', []) : w.op('SequenceConstruct', ['x', 'x'])
  const left = w.op('Loop', ['count', '', started], {
    body: {
      inputs: {
        i: scalar,
        go: tensorType('bool', []),
        before: { kind: 'sequence', element: tensorType('float32', [undefined]) },
      },
      outputs: { go_on: undefined, [list]: undefined },
      nodes: [{ op: 'Identity', inputs: ['go'], outputs: ['go_on'] }, ...body.nodes],
    },
  })
  const doubled = w.op('SequenceMap', [left], {
    body: {
      inputs: { element: tensorType('float32', [undefined]) },
      outputs: { sum: tensorType('float32', [undefined]) },
      nodes: [{ op: 'Add', inputs: ['element', 'element'], outputs: ['sum'] }],
    },
  })
  const joined = w.op('ConcatFromSequence', [w.chance() < 0.5 ? left : doubled], { axis: 0n })
  const pieces = w.op('SplitToSequence', [joined, 'two'])
  const outputs = {
    length: w.op('SequenceLength', [left]),
    joined,
    element: w.op('SequenceAt', [doubled, 'at']),
    pieces: w.op('SequenceLength', [pieces]),
    stacked: w.op('ConcatFromSequence', [w.op('SplitToSequence', [joined], { keepdims: 0n })], {
      axis: 0n,
      new_axis: 1n,
    }),
  }
  return {
    opsets: { '': 17 },
    irVersion: 8,
    inputs: { x: tensorType('float32', ['n']), count: scalar, at: scalar },
    outputs: Object.fromEntries(Object.keys(outputs).map((name) => [name, undefined])),
    initializers: {
      zero: i64([0], []),
      one: i64([1], []),
      two: i64([2], []),
      five: i64([5], []),
      zeros: i64([0]),
      ones: i64([1]),
      half: f32([0.5], []),
    },
    nodes: [
      ...w.nodes,
      ...Object.entries(outputs).map(([name, value]) => ({ op: 'Identity', inputs: [value], outputs: [name] })),
    ],
  }
}

describe.runIf(runtime)('programs on lists', () => {
  it.each(Array.from({ length: PROGRAMS }, (_, i) => i + 1))('give what onnxruntime gives: %i', async (seed) => {
    const { ours, theirs } = await sessionsOf(runtime!, program(seed))
    let ran = 0
    for (const [n, count, at] of [
      [7, 0, 0],
      [7, 1, 0],
      [3, 4, -1],
      [6, 9, 1],
      [1, 30, -2],
      [6, 5, 4],
    ] as const) {
      const feeds = {
        x: f32(Array.from({ length: n }, (_, i) => i + 1)),
        count: i64([count], []),
        at: i64([at], []),
      }
      const wanted = await theirs(feeds).catch(() => undefined)
      if (!wanted) {
        expect(() => ours(feeds), JSON.stringify([n, count, at])).toThrow(/m\.onnx|test\.onnx/)
        continue
      }
      const given = ours(feeds)
      ran++
      for (const [name, value] of Object.entries(wanted))
        expect(apart(given[name]!, value), `${name} for ${n}, ${count}, ${at}`).toBe(0)
    }
    expect(ran).toBeGreaterThan(0)
  })
})
