import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ExternalFiles } from '../../src/onnx/external-data.ts'
import { onnx } from '../../src/onnx/generated/onnx.js'
import { readModel } from '../../src/formats/read.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { Reading } from '../../src/onnx/reading.ts'
import { tensorValues } from '../../src/onnx/tensor.ts'
import { WireWriter } from '../../src/onnx/wire.ts'
import { modelErrorOf } from './errors.ts'

const data = Uint8Array.from(Buffer.from(Float32Array.of(1, 2, 3, 4).buffer))
const sha1 = createHash('sha1').update(data).digest('hex')
const sha256 = createHash('sha256').update(data).digest('hex')

let root: string
let folder: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'external-'))
  folder = join(root, 'model')
  mkdirSync(folder)
  writeFileSync(join(folder, 'w.bin'), data)
  writeFileSync(join(root, 'secret.bin'), data)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

type Tensor = onnx.TensorProto.$Properties

/** A float32 tensor of `count` elements whose `external_data` is `entries`. */
function tensor(entries: Record<string, string>, count = 4n, name = 'W'): Tensor {
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }))
  return { name, dataType: 1, dims: [count], dataLocation: 1, externalData }
}

function bytesOf(graph: onnx.GraphProto.$Properties, functions: onnx.FunctionProto.$Properties[] = []): Uint8Array {
  const value = { name: 'y', type: { tensorType: { elemType: 1 } } }
  const model = {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: { node: [{ opType: 'Identity', input: ['W'], output: ['y'] }], output: [value], ...graph },
    functions,
  }
  return onnx.ModelProto.encode(model, new WireWriter()).finish()
}

const decode = (initializer: Tensor[]) => decodeModel(bytesOf({ initializer }), { path: 'm.onnx', baseDir: folder })
const read = (entries: Record<string, string>, count?: bigint) => decode([tensor(entries, count)])
const values = (entries: Record<string, string>, count?: bigint) =>
  tensorValues(read(entries, count).graph.initializers.get('W')!)

describe('external data', () => {
  it('is read from the file, whole or in part', () => {
    expect(values({ location: 'w.bin' })).toEqual([1, 2, 3, 4])
    expect(values({ location: 'w.bin', offset: '4', length: '8' }, 2n)).toEqual([2, 3])
    expect(values({ location: 'w.bin', offset: '12', basepath: '/etc' }, 1n)).toEqual([4])
    expect(values({ location: './w.bin', checksum: sha1.toUpperCase() })).toEqual([1, 2, 3, 4])
  })

  it('is listed once per file, with the hash of the whole file', async () => {
    const initializer = [tensor({ location: 'w.bin' }), tensor({ location: './w.bin', offset: '8' }, 2n, 'V')]
    writeFileSync(join(folder, 'm.onnx'), bytesOf({ initializer }))
    const model = await readModel(join(folder, 'm.onnx'))
    expect(model.files).toMatchObject([
      { path: join(folder, 'm.onnx') },
      { path: join(folder, 'w.bin'), bytes: 16, sha256 },
    ])
  })

  it('may be a hard link, a link that stays inside, or in a folder below', () => {
    mkdirSync(join(folder, 'deep'))
    linkSync(join(root, 'secret.bin'), join(folder, 'hard.bin'))
    symlinkSync('w.bin', join(folder, 'soft.bin'))
    writeFileSync(join(folder, 'deep', 'w.bin'), data)
    for (const location of ['hard.bin', 'soft.bin', 'deep/w.bin']) expect(values({ location })).toEqual([1, 2, 3, 4])
  })

  it('is listed under the names that the model has, and a file with two names twice', () => {
    symlinkSync('w.bin', join(folder, 'soft.bin'))
    const { files } = decode([tensor({ location: 'soft.bin' }), tensor({ location: 'w.bin' }, 4n, 'V')])
    const facts = { bytes: 16, sha256 }
    expect(files.slice(1)).toEqual([
      { path: join(folder, 'soft.bin'), ...facts },
      { path: join(folder, 'w.bin'), ...facts },
    ])
  })

  it('is found when the model folder itself is reached through a link', () => {
    symlinkSync(folder, join(root, 'alias'))
    const bytes = bytesOf({ initializer: [tensor({ location: 'w.bin' })] })
    expect(decodeModel(bytes, { baseDir: join(root, 'alias') }).files).toHaveLength(2)
  })

  it('is found in attributes, subgraphs, sparse tensors and functions, by the same rules', () => {
    const bad = tensor({ location: '../secret.bin' })
    const constant = { opType: 'Constant', output: ['c'], attribute: [{ name: 'value', type: 4, t: bad }] }
    const body = { output: [{ name: 'c' }], node: [constant] }
    const graphs: onnx.GraphProto.$Properties[] = [
      { node: [constant], output: [] },
      { node: [{ opType: 'If', output: ['y'], attribute: [{ name: 'then_branch', type: 5, g: body }] }] },
      { sparseInitializer: [{ values: bad, indices: { dataType: 7, dims: [4n] }, dims: [9n] }] },
      { sparseInitializer: [{ values: tensor({ location: 'w.bin' }), indices: { ...bad, dataType: 7 }, dims: [9n] }] },
    ]
    const inFunction = bytesOf({}, [{ name: 'f', domain: 'd', output: ['c'], node: [constant] }])
    for (const bytes of [...graphs.map((graph) => bytesOf(graph)), inFunction]) {
      const error = modelErrorOf(() => decodeModel(bytes, { baseDir: folder }))
      expect(error).toMatchObject({ code: 'MODEL_EXTERNAL_DATA' })
      expect(error.message).toContain('../secret.bin')
    }
  })
})

describe('refused', () => {
  const cases: [string, Record<string, string>, RegExp, bigint?][] = [
    ['a path up', { location: '../secret.bin' }, /forbidden location/],
    ['a path down and up', { location: 'deep/../../secret.bin' }, /forbidden location/],
    ['an absolute path', { location: '/etc/passwd' }, /forbidden location/],
    ['a Windows path', { location: 'C:\\w.bin' }, /forbidden location/],
    ['a Windows stream', { location: 'w.bin:x' }, /forbidden location/],
    ['a NUL', { location: 'w.bin\0.txt' }, /forbidden location/],
    ['no location', {}, /forbidden location ""/],
    ['the folder itself', { location: '.' }, /not a regular file/],
    ['a missing file', { location: 'x.bin' }, /"x.bin", which is missing/],
    ['an unknown key', { location: 'w.bin', __proto__x: '1' }, /unknown key/],
    ['a negative length', { location: 'w.bin', length: '-1' }, /"-1" as the length/],
    ['a negative offset', { location: 'w.bin', offset: '-4' }, /"-4" as the offset/],
    ['a length in hex', { location: 'w.bin', length: '0x10' }, /"0x10" as the length/],
    ['a length beyond exact numbers', { location: 'w.bin', length: '9007199254740993' }, /as the length/],
    ['a petabyte', { location: 'w.bin', length: '1125899906842624' }, /needs 16 bytes.*has 1125899906842624/],
    ['a length that is not that of the shape', { location: 'w.bin', length: '12' }, /needs 16 bytes.*has 12/],
    ['an end beyond the file', { location: 'w.bin', offset: '4' }, /needs bytes 4 to 20 of "w.bin", which has 16/],
    ['an offset beyond the file', { location: 'w.bin', offset: '9007199254740991' }, /which has 16/],
    ['more than the file has', { location: 'w.bin' }, /needs bytes 0 to 4000000000 of "w.bin"/, 1_000_000_000n],
    ['a wrong checksum', { location: 'w.bin', checksum: sha1.replace(/./, 'x') }, /SHA-1/],
  ]

  it.each(cases)('%s', (_, entries, message, count) => {
    const error = modelErrorOf(() => read(entries, count))
    expect(error.code).toBe('MODEL_EXTERNAL_DATA')
    expect(error.message).toMatch(message)
    expect(error.message).toMatch(/^m\.onnx: initializer "W"/)
  })

  it('a link out of the folder, as file or as folder on the way', () => {
    symlinkSync(join(root, 'secret.bin'), join(folder, 'link.bin'))
    symlinkSync(root, join(folder, 'up'))
    symlinkSync('link.bin', join(folder, 'chain.bin'))
    for (const location of ['link.bin', 'up/secret.bin', 'chain.bin']) {
      expect(modelErrorOf(() => read({ location })).message).toContain("a link out of the model's directory")
    }
  })

  it('a link that leads nowhere, or round in a circle', () => {
    symlinkSync('nowhere', join(folder, 'dangling'))
    symlinkSync('circle', join(folder, 'circle'))
    for (const location of ['dangling', 'circle']) {
      expect(modelErrorOf(() => read({ location })).code).toBe('MODEL_EXTERNAL_DATA')
    }
  })

  it.skipIf(process.platform === 'win32')('a pipe, without waiting for its other end', () => {
    execFileSync('mkfifo', [join(folder, 'pipe')])
    expect(modelErrorOf(() => read({ location: 'pipe' })).message).toContain('not a regular file')
  })

  it('a key given twice', () => {
    const twice = { ...tensor({ location: 'w.bin' }) }
    twice.externalData = [...twice.externalData!, { key: 'location', value: '../secret.bin' }]
    expect(modelErrorOf(() => decode([twice])).message).toContain('twice')
  })

  it('an empty tensor is no way around the checks', () => {
    expect(modelErrorOf(() => read({ location: '../secret.bin' }, 0n)).message).toContain('forbidden location')
  })

  it('strings, which ONNX does not store outside', () => {
    const strings = { ...tensor({ location: 'w.bin' }), dataType: 8 }
    expect(modelErrorOf(() => decode([strings])).message).toContain('string_data only')
  })

  it('external data of a model that came without a folder', () => {
    const bytes = bytesOf({ initializer: [tensor({ location: 'w.bin' })] })
    expect(modelErrorOf(() => decodeModel(bytes)).message).toContain('without a directory')
  })

  it('more tensor bytes in all than allowed, however often a file is used', () => {
    const initializer = Array.from({ length: 10 }, (_, i) => tensor({ location: 'w.bin' }, 4n, `W${i}`))
    const options = { baseDir: folder, limits: { tensorBytes: 100 } }
    expect(modelErrorOf(() => decodeModel(bytesOf({ initializer }), options))).toMatchObject({
      code: 'MODEL_LIMIT',
      data: { limit: 'tensorBytes' },
    })
  })

  it('a tensor beyond the limit, before its file is looked at', () => {
    expect(modelErrorOf(() => read({ location: 'missing.bin' }, 2n ** 40n)).code).toBe('MODEL_LIMIT')
  })

  it('a file that is written to while it is read', () => {
    const files = new ExternalFiles(folder)
    const site = new Reading('m.onnx', {}, files).site('the file')
    files.read([{ key: 'location', value: 'w.bin', $unknowns: [] }], 16, site)
    expect(files.files(site)).toHaveLength(1)
    appendFileSync(join(folder, 'w.bin'), 'x')
    expect(modelErrorOf(() => files.files(site)).message).toContain('changed while it was read')
    files.close()
  })
})
