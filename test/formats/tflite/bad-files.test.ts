import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { randomNumbers } from '../../../src/compilers/random-numbers.ts'
import { ModelError } from '../../../src/errors/index.ts'
import { converted } from './convert.ts'
import { type FileSource, tfliteBytes, type TensorSource } from './writer.ts'

const x: TensorSource = { shape: [2], name: 'x' }
const y: TensorSource = { shape: [2], name: 'y' }

function file(change: Partial<FileSource['subgraphs'][number]>, more: Partial<FileSource> = {}): Uint8Array {
  const graph = { tensors: [x, y], inputs: [0], outputs: [1], operators: [{ op: 'ABS', inputs: [0], outputs: [1] }] }
  return tfliteBytes({ subgraphs: [{ ...graph, ...change }], ...more })
}

const refused: readonly (readonly [what: string, bytes: Uint8Array, code: string, text: string])[] = [
  ['another version', file({}, { version: 4 }), 'MODEL_VERSION', 'has version 4 of the TensorFlow Lite schema'],
  ['no graph', tfliteBytes({ subgraphs: [] }), 'MODEL_EMPTY', 'has no graph'],
  ['an input that is not there', file({ inputs: [7] }), 'MODEL_DAMAGED', 'names tensor 7 of 2'],
  ['an output that is not there', file({ outputs: [-1] }), 'MODEL_DAMAGED', 'names tensor'],
  ['an operand that is not there', file({ operators: [{ op: 'ABS', inputs: [9], outputs: [1] }] }), 'MODEL_DAMAGED', 'names tensor 9 of 2'], // prettier-ignore
  ['a missing operand', file({ operators: [{ op: 'ABS', inputs: [], outputs: [1] }] }), 'MODEL_UNSUPPORTED', 'without an input that it needs'], // prettier-ignore
  ['operators in a wrong order', file({ tensors: [x, y, y], operators: [{ op: 'ABS', inputs: [2], outputs: [1] }, { op: 'NEG', inputs: [0], outputs: [2] }] }), 'MODEL_GRAPH', 'before anything gives it'], // prettier-ignore
  ['too few bytes', file({ tensors: [{ ...x, data: Uint8Array.of(1, 2, 3) }, y] }), 'MODEL_TENSOR', 'has 3 bytes, but its shape and type (float32) take 8'], // prettier-ignore
  ['a scale of zero', file({ tensors: [{ ...x, type: 'int8', scale: 0 }, y] }), 'MODEL_UNSUPPORTED', 'a tensor "x" that has a scale that is no positive number'], // prettier-ignore
  ['unknown operators, all of them', file({ operators: [{ op: 'FlexErf', inputs: [0], outputs: [1] }, { op: 'HASHTABLE', inputs: [0], outputs: [1] }, { op: 'Mine', inputs: [0], outputs: [1] }] }), 'MODEL_UNSUPPORTED', 'operators that are not read: custom operator FlexErf, HASHTABLE, custom operator Mine'], // prettier-ignore
  ['what was compiled for an accelerator', file({ operators: [{ op: 'edgetpu-custom-op', inputs: [0], outputs: [1] }] }), 'MODEL_UNSUPPORTED', 'custom operator edgetpu-custom-op. It was compiled for an accelerator: take the file that was given to that compiler.'], // prettier-ignore
  ['a hash table that is filled once', file({ operators: [{ op: 'CALL_ONCE', inputs: [], outputs: [], options: [{ int32: 1 }] }] }, { subgraphs: [{ tensors: [x, y], inputs: [0], outputs: [1], operators: [{ op: 'CALL_ONCE', inputs: [], outputs: [], options: [{ int32: 1 }] }] }, { tensors: [x, y], inputs: [], outputs: [], operators: [{ op: 'HASHTABLE_IMPORT', inputs: [0], outputs: [] }] }] }), 'MODEL_UNSUPPORTED', 'operators that are not read: HASHTABLE_IMPORT'], // prettier-ignore
  ['an axis of no shape', file({ tensors: [{ ...x, shape: [] }, y, { type: 'int32', shape: [1], data: Int32Array.of(1) }], operators: [{ op: 'MEAN', inputs: [0, 2], outputs: [1] }] }), 'MODEL_UNSUPPORTED', 'axis 1 of a tensor whose shape the file leaves out'], // prettier-ignore
  ['a graph that calls itself', file({ operators: [{ op: 'CALL', inputs: [0], outputs: [1], options: [{ int32: 0 }] }] }), 'MODEL_LIMIT', 'graphs that call each other'], // prettier-ignore
  ['a called graph that is not there', file({ operators: [{ op: 'CALL', inputs: [0], outputs: [1], options: [{ int32: 5 }] }] }), 'MODEL_UNSUPPORTED', 'calls graph 5'], // prettier-ignore
]

it('what is said of the quantisation of floats means nothing', () => {
  expect(() => converted(file({ tensors: [{ ...x, scale: 0 }, y] }))).not.toThrow()
})

describe('refused', () => {
  it.each(refused)('%s', (_, bytes, code, text) => {
    expect(() => converted(bytes)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }))
  })

  it('at every length that it may be cut to', () => {
    const bytes = file({ tensors: [{ ...x, data: Float32Array.of(1, 2) }, y], inputs: [] })
    for (let length = 8; length < bytes.length; length++) expectModelError(bytes.subarray(0, length))
  })
})

/** Nothing but a ModelError, if anything. */
function expectModelError(bytes: Uint8Array): void {
  try {
    converted(bytes)
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
  }
}

const folder = fileURLToPath(new URL('../../../../shared/front-ends/', import.meta.url))
const isThere = existsSync(folder)
if (!isThere) console.log('skipped: ../shared/front-ends is not here')

// Those that are small: of a large file nearly all mutations are in its weights.
const names = isThere ? readdirSync(folder).filter((name) => /^(?:mnist|l2|multi|micro|blockwise).*tflite$/.test(name)) : [] // prettier-ignore

it.skipIf(!isThere).each(names)('%s: 300 mutations end in a model or a ModelError', (name) => {
  const original = readFileSync(join(folder, name))
  const random = randomNumbers(42)
  for (let round = 0; round < 300; round++) {
    const bytes = Uint8Array.from(original)
    for (let i = 0; i < 1 + random() * 4; i++) {
      // Structures are in the last part, and in the first bytes.
      const at = random() < 0.2 ? Math.floor(random() * 64) : Math.floor(bytes.length * (0.5 + random() / 2))
      bytes[at] = random() < 0.3 ? 255 : Math.floor(random() * 256)
    }
    bytes.set([0x54, 0x46, 0x4c, 0x33], 4)
    expectModelError(bytes)
  }
})
