import { describe, expect, it } from 'vitest'
import { ModelError } from '../../../src/errors/index.ts'
import { pt2 } from '../../../src/formats/pt2/index.ts'
import { parseJson } from '../../../src/formats/pt2/json.ts'
import { readPickle } from '../../../src/formats/pt2/pickle.ts'
import { randomNumbers } from '../../../src/compilers/random-numbers.ts'
import { Zip } from '../../../src/formats/zip.ts'
import type { ReadOptions } from '../../../src/onnx/limits.ts'
import { Reading } from '../../../src/onnx/reading.ts'
import type { WritableModel } from '../../../src/onnx/write.ts'
import { tensorNumbers } from '../../../src/onnx/tensor.ts'
import { modelErrorOf } from '../../onnx/errors.ts'
import { f32 } from '../../ops/harness.ts'
import { archiveOf, type Files, type ProgramParts, programOf, tensor, zipOf } from './writer.ts'

const site = new Reading('m.pt2').site('the file')
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

const parts: ProgramParts = {
  inputs: { x: ['float32', [2]] },
  weights: { w: f32([1, 2]) },
  nodes: [{ target: 'aten.add.Tensor', args: { self: tensor('x'), other: tensor('w') }, out: 'y' }],
  outputs: ['y'],
  values: { y: ['float32', [2]] },
}
const files = archiveOf(parts)

function convert(from: Files, options: ReadOptions = {}, zip: Parameters<typeof zipOf>[1] = {}): WritableModel {
  return pt2.convert(zipOf(from, zip), new Reading('m.pt2', options), options)
}
const refused = (from: Files, options?: ReadOptions): ModelError => modelErrorOf(() => convert(from, options))
const weightOf = (model: WritableModel): number[] => tensorNumbers(model.graph.initializers.get('w')!)
const without = (name: string): Files =>
  Object.fromEntries(Object.entries(files).filter(([key]) => !key.endsWith(name)))
const replaced = (name: string, change: (json: string) => string): Files =>
  Object.fromEntries(
    Object.entries(files).map(([key, value]) => [key, key.endsWith(name) ? change(String(value)) : value]),
  )

describe('archives', () => {
  it('are read stored and deflated', () => {
    expect(weightOf(convert(files))).toEqual([1, 2])
    expect(weightOf(convert(files, {}, { deflate: true }))).toEqual([1, 2])
  })

  it('are told from other ZIP files, also where they are cut short', () => {
    expect(pt2.claims(zipOf(files))).toBe(true)
    expect(pt2.claims(zipOf({ 'a.txt': 'x' }))).toBe(false)
    expect(pt2.claims(text('PK\x03\x04'))).toBe(false)
    const cut = zipOf(files).subarray(0, 400)
    expect(pt2.claims(cut)).toBe(true)
    expect(modelErrorOf(() => pt2.convert(cut, new Reading('m.pt2'), {})).message).toContain('truncated')
  })

  it('of weights and of machine code get their own advice; TorchScript is no business of theirs', () => {
    expect(pt2.claims(zipOf({ 'net/data.pkl': '', 'net/constants.pkl': '' }))).toBe(false)
    expect(refused({ 'archive/data.pkl': '' }).message).toContain(
      'torch.export.save(torch.export.export(model, inputs)',
    )
    expect(refused({ 'net/archive_format': 'pt2', 'net/data/aotinductor/net/a.so': '' }).message).toContain(
      'AOTInductor',
    )
    expect(refused({ 'net/data/aotinductor/net/a.so': '' }).message).toContain('AOTInductor')
  })

  it('with several programs ask which', () => {
    const two = { ...files, 'model/models/other.json': '{}' }
    expect(refused(two).message).toContain('signature=NAME: "model", "other"')
    expect(refused(two, { signature: 'third' }).message).toContain('holds no model "third"')
    expect(weightOf(convert(two, { signature: 'model' }))).toEqual([1, 2])
  })

  it('of other formats and versions are refused', () => {
    expect(refused(replaced('archive_format', () => 'pt9')).message).toContain('format "pt9"')
    expect(refused(replaced('archive_version', () => '1')).code).toBe('MODEL_VERSION')
    expect(refused({ 'serialized_exported_program.json': '{}', version: '8.1' }).message).toContain(
      'torch 2.6 or newer',
    )
  })

  it('that miss a part name it', () => {
    expect(refused(without('models/model.json')).code).toBe('MODEL_EMPTY')
    expect(refused(without('weight_0')).message).toContain('weight_0')
    expect(refused(replaced('weights_config.json', () => '{"config": {}}')).message).toContain('weights "w"')
  })
})

describe('weights', () => {
  const meta = (changes: object): Files =>
    replaced('weights_config.json', (json) => {
      const config = JSON.parse(json) as { config: { w: { tensor_meta: object; use_pickle: boolean } } }
      Object.assign(config.config.w.tensor_meta, changes)
      return JSON.stringify(config)
    })
  const ints = (...values: number[]): object[] => values.map((value) => ({ as_int: value }))

  it('are views of their file', () => {
    expect(weightOf(convert(meta({ strides: ints(0) })))).toEqual([1, 1])
    const wide = {
      ...meta({ strides: ints(2), storage_offset: { as_int: 1 } }),
      'model/data/weights/weight_0': f32([9, 1, 9, 2]).data,
    }
    expect(weightOf(convert(wide))).toEqual([1, 2])
  })

  it('may be big-endian, as IBM Z writes them', () => {
    const big = {
      ...replaced('byteorder', () => 'big'),
      'model/data/weights/weight_0': f32([1, 2]).data.slice().reverse(),
    }
    expect(weightOf(convert(big))).toEqual([2, 1])
  })

  it.each([
    ['beyond their file', { storage_offset: { as_int: 1 } }, 'MODEL_TENSOR'],
    ['of strides beyond any file', { strides: ints(2 ** 52) }, 'MODEL_TENSOR'],
    ['of another shape than the program says', { sizes: ints(1) }, 'MODEL_TENSOR'],
    ['of a type that is not read', { dtype: 9 }, 'MODEL_TYPE'],
    ['that take all memory', { sizes: ints(2 ** 40), strides: ints(0) }, 'MODEL_LIMIT'],
    ['repeated without end', { sizes: ints(2 ** 31), strides: ints(0) }, 'MODEL_LIMIT'],
  ])('%s are refused', (_, changes, code) => {
    expect(refused(meta(changes)).code).toBe(code)
  })

  it('that are pickled objects are refused', () => {
    expect(
      refused(replaced('weights_config.json', (json) => json.replace('"use_pickle":false', '"use_pickle":true')))
        .message,
    ).toContain('pickled object')
  })
})

describe('ZIP', () => {
  const bytes = zipOf({ a: 'text', b: 'x'.repeat(5000) }, { deflate: true })
  const at = (signature: string): number => Buffer.from(bytes).indexOf(signature, 0, 'latin1')
  const patched = (offset: number, value: number, width: 2 | 4): Uint8Array => {
    const copy = Buffer.from(bytes)
    if (width === 2) copy.writeUInt16LE(value, offset)
    else copy.writeUInt32LE(value, offset)
    return copy
  }
  const read = (from: Uint8Array): unknown => {
    const zip = new Zip(from, site)
    return [...zip.entries.values()].map((entry) => zip.read(entry))
  }

  it.each(['../a', '/a', 'b/../../a', 'C:\\a', 'a\0b'])('refuses the path %j', (name) => {
    expect(modelErrorOf(() => new Zip(zipOf({ [name]: '' }), site)).message).toContain('points out of it')
  })

  it('refuses bombs before unpacking them', () => {
    const bomb = Buffer.from(zipOf({ a: Buffer.alloc(8_000_000) }, { deflate: true }))
    expect(modelErrorOf(() => read(bomb)).message).toContain('ZIP bomb')
    // One that claims less than it unpacks to is stopped there.
    bomb.writeUInt32LE(100, bomb.indexOf('PK\x01\x02', 0, 'latin1') + 24)
    expect(modelErrorOf(() => read(bomb)).code).toBe('MODEL_DAMAGED')
  })

  it('refuses lying sizes, places, methods, encryption and counts', () => {
    const entry = at('PK\x01\x02')
    const end = at('PK\x05\x06')
    for (const [offset, value, width] of [
      [entry + 24, 3, 4],
      [entry + 20, 2 ** 31, 4],
      [entry + 42, 2 ** 31, 4],
      [entry + 10, 99, 2],
      [entry + 8, 1, 2],
      [end + 16, 2 ** 31, 4],
      [end + 10, 9, 2],
    ] as const)
      expect(modelErrorOf(() => read(patched(offset, value, width))).code).toBe('MODEL_DAMAGED')
  })
})

describe('JSON', () => {
  const parse = (source: string): unknown => parseJson(text(source), site)

  it('keeps 64 bits and bare infinities, outside of texts', () => {
    expect(parse('[9223372036854775807, -9223372036854775808, 1234567890123456, 1.5e300]')).toEqual([
      2n ** 63n - 1n,
      -(2n ** 63n),
      1234567890123456,
      1.5e300,
    ])
    expect(parse('[0.7071067811865476, -0.35355339059327373, 1.4901161193847656e-08, 1234567890123456.5]')).toEqual([
      Math.SQRT1_2,
      -0.35355339059327373,
      2 ** -26,
      1234567890123456.5,
    ])
    expect(parse('{"a": Infinity, "b": [-Infinity, NaN]}')).toEqual({ a: Infinity, b: [-Infinity, NaN] })
    expect(parse(String.raw`{"9223372036854775807": "-Infinity \" NaN 9223372036854775807"}`)).toEqual({
      '9223372036854775807': '-Infinity " NaN 9223372036854775807',
    })
  })

  it.each(['', '{', '[1,]', '"\xff', 'Infinityx', '[nul]'])('refuses %j', (source) => {
    expect(modelErrorOf(() => parse(source)).code).toBe('MODEL_DAMAGED')
  })

  it('takes any length and depth without running out of stack', () => {
    expect(parse(`"${'x'.repeat(5_000_000)}"`)).toHaveLength(5_000_000)
    expect(modelErrorOf(() => parse('['.repeat(200_000))).code).toBe('MODEL_DAMAGED')
  })
})

describe('pickles', () => {
  const pickle = (...items: (string | number)[]): Uint8Array =>
    Buffer.concat(items.map((item) => (typeof item === 'number' ? Buffer.of(item) : Buffer.from(item, 'latin1'))))
  const name = (value: string): string => `X${String.fromCharCode(value.length)}\0\0\0${value}`
  const storage = `(${name('storage')}ctorch\nFloatStorage\n${name('0')}${name('cpu')}K\x02tQ`
  const rebuilt = `ctorch._utils\n_rebuild_tensor_v2\n(${storage}K\0K\x02\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR`

  it('hold tensors', () => {
    const [entry] = readPickle(pickle('\x80\x02}q\0', name('w'), rebuilt, 's.'), site)
    expect(entry).toEqual([
      'w',
      { kind: 'tensor', storage: { kind: 'storage', type: 'Float', key: '0' }, offset: 0, sizes: [2], strides: [1] },
    ])
  })

  it.each([
    ['the global "os.system"', 'cos\nsystem\n(' + name('true') + 'tR.'],
    ['the global "builtins.eval"', 'cbuiltins\neval\n.'],
    ['the global "torch.storage.UntypedStorage"', 'ctorch.storage\nUntypedStorage\n.'],
    ['the opcode 0x93', '\x93.'],
    ['the opcode 0x69', 'ios\nsystem\n.'],
    ['the opcode 0x62', '}}b.'],
    ['the opcode 0x81', ')\x81.'],
    ['the opcode 0x53', "S'x'\n."],
  ])('with %s are refused by name', (what, body) => {
    const error = modelErrorOf(() => readPickle(pickle('\x80\x02', body), site))
    expect(error.code).toBe('MODEL_UNSUPPORTED')
    expect(error.message).toContain(what)
  })

  it.each(['', '\x80', '}', 't.', 'R.', 'h\x09.', 'X\xff\xff\xff\xff', 's.', '}Ks.', 'ctorch', '(.', 'Q.'])(
    'that are broken are refused: %j',
    (body) => {
      expect(modelErrorOf(() => readPickle(pickle(body), site)).code).toMatch(/MODEL_DAMAGED|MODEL_UNSUPPORTED/)
    },
  )

  it('of torch 2.6 come in archives of their own', () => {
    const saved = (body: string): Uint8Array =>
      zipOf({ 'archive/data.pkl': pickle(body), 'archive/data/0': f32([3, 4]).data, 'archive/byteorder': 'little' })
    const flat = {
      'serialized_exported_program.json': JSON.stringify(programOf(parts)),
      'serialized_state_dict.pt': saved(`\x80\x02}${name('w')}${rebuilt}s.`),
      'serialized_constants.pt': saved('\x80\x02}.'),
    }
    expect(weightOf(convert(flat))).toEqual([3, 4])
  })
})

describe('mutated files', () => {
  it('end in a model or in an error of ours', { timeout: 60_000 }, () => {
    const numbers = randomNumbers(7)
    const random = (below: number): number => Math.floor(numbers() * below)
    const bytes = zipOf(files)
    let refusals = 0
    for (let i = 0; i < 500; i++) {
      const mutant = bytes.slice()
      for (let n = 0; n <= random(3); n++) mutant[random(mutant.length)] = random(256)
      if (!pt2.claims(mutant)) continue
      try {
        pt2.convert(mutant, new Reading('m.pt2'), {})
      } catch (error) {
        refusals++
        if (!(error instanceof ModelError)) throw new Error(`mutant ${i}: ${String(error)}`, { cause: error })
      }
    }
    expect(refusals).toBeGreaterThan(50)
  })
})
