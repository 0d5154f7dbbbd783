import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { directives } from '../../src/request/directives.ts'
import { canonicalId, canonicalQuery, isModelId, parseRequest, type RequestOptions } from '../../src/request/index.ts'
import { resolveTarget } from '../../src/targets/index.ts'

const host = resolveTarget('host').name

describe('isModelId', () => {
  it.each([
    './m.onnx',
    '/abs/m.onnx',
    'C:\\models\\m.onnx',
    '#models/m.onnx',
    '/abs/M.ONNX',
    './m.onnx?target=z16',
    './m.onnx?import&t=1700000000000',
    './m.onnx?v=1a2b3c4d',
    './m.onnx?taget=z16',
    './m.onnx?',
  ])('%s', (id) => expect(isModelId(id)).toBe(true))

  it.each([
    './m.onnx?url',
    './m.onnx?raw',
    './m.onnx?target=z16&url',
    './m.onnx?worker',
    './m.onnx?import&inline',
    './m.onnx.json',
    './m.onnx.ts?target=z16',
    './m.js?file=m.onnx',
    '\0/abs/m.onnx?commonjs-proxy',
    'onnx',
    '',
  ])('not %j', (id) => expect(isModelId(id)).toBe(false))
})

describe('parseRequest', () => {
  it('fills in what nobody said', () => {
    const request = parseRequest('/abs/m.onnx')
    expect(request).toEqual({
      path: resolve('/abs/m.onnx'),
      directives: {
        target: host,
        compiler: 'auto',
        O: 3,
        profile: 'none',
        signature: '',
        inputs: '',
        export: '',
        dims: {},
        weights: 'f32',
        maxWeightError: Infinity,
        files: 'auto',
        threads: undefined,
        tune: false,
        untrusted: false,
        worker: false,
      },
      key: `O=3&compiler=auto&profile=none&target=${host}&tune=off&weights=f32`,
    })
  })

  it('reads every directive', () => {
    const { directives: values } = parseRequest(
      '/m.onnx?target=z16&compiler=onnx-mlir&O=1&profile=onnx&dims=batch_8&weights=int8&maxWeightError=5e-2&files=inline&signature=serving&inputs=x-float32-1&export=Net&threads=4&tune=90&untrusted=yes&worker=true',
    )
    expect(values).toEqual({
      target: 'z16',
      compiler: 'onnx-mlir',
      O: 1,
      profile: 'onnx',
      signature: 'serving',
      inputs: 'x-float32-1',
      export: 'Net',
      dims: { batch: 8 },
      weights: 'int8',
      maxWeightError: 0.05,
      files: 'inline',
      threads: 4,
      tune: 90,
      untrusted: true,
      worker: true,
    })
  })

  it('has one key for one meaning', () => {
    const keys = [
      '/m.onnx?target=z16&O=2&dims=batch_1,seq_2',
      '/m.onnx?dims=seq_2,batch_1&O=2&target=z16',
      '/m.onnx?import&O=2&t=12.5&target=z16&dims=batch_01,seq_2&v=abc',
      '/m.onnx?&O=2&&target=z16&dims=batch_1,seq_2&compiler=auto&profile=none&files=auto',
    ].map((id) => parseRequest(id).key)
    expect(new Set(keys)).toEqual(
      new Set(['O=2&compiler=auto&dims=batch_1,seq_2&profile=none&target=z16&tune=off&weights=f32']),
    )
  })

  it('has different keys for different meanings', () => {
    const ids = [
      '/m.onnx',
      '/m.onnx?O=0',
      '/m.onnx?target=z16',
      '/m.onnx?dims=a_1',
      '/m.onnx?dims=a_2',
      '/m.onnx?profile=onnx',
    ]
    expect(new Set(ids.map((id) => parseRequest(id).key)).size).toBe(ids.length)
  })

  it('takes options where the specifier says nothing', () => {
    const options: RequestOptions = { target: 'z16', O: 1, dims: { batch: 4, seq: 64 } }
    expect(parseRequest('/m.onnx?O=2&dims=seq_128', options).directives).toMatchObject({
      target: 'z16',
      O: 2,
      dims: { batch: 4, seq: 128 },
    })
    expect(parseRequest('/m.onnx?target=host', options).directives.target).toBe(host)
  })

  it('reads its own key back', () => {
    const options: RequestOptions = { target: 'z17', compiler: 'builtin', dims: { 'batch size': 2 } }
    const { key, directives: values } = parseRequest('/m.onnx', options)
    expect(parseRequest(`/m.onnx?${key}`)).toMatchObject({ key, directives: values })
  })

  it.each([
    ['/m.onnx?taget=z16', 'Unknown directive "taget". Did you mean "target"?'],
    ['/m.onnx?o=3', 'Did you mean "O"?'],
    [
      '/m.onnx?quantize',
      'Known: O, compiler, dims, export, files, inputs, maxWeightError, profile, signature, target, threads, tune, untrusted, weights, worker.',
    ],
    ['/m.onnx?constructor=1', 'Unknown directive "constructor"'],
    ['/m.onnx?target', 'target needs a value: target=host|'],
    ['/m.onnx?target=', 'target needs a value'],
    ['/m.onnx?target=z16&target=z16', 'target is given twice'],
    ['/m.onnx?O=9', 'O="9" must be 0, 1, 2 or 3'],
    ['/m.onnx?target=z16:nnpa', "character that bundlers don't carry"],
    ['/m.onnx?dims=batch.1', "character that bundlers don't carry"],
    ['/m.onnx?dims=batch 1_2', 'write dims=batch=20=1_2.'],
    ['/m.onnx?dims=rank(x)_0,n_3', 'write dims=n_3,rank=28=x=29=_0.'],
    ['/m.onnx?dims=x[1]_512', 'write dims=x=5b=1=5d=_512.'],
    ['/m.onnx?target=z16?O=3', "character that bundlers don't carry"],
  ])('refuses %s', (id, message) => {
    let error: unknown
    try {
      parseRequest(id)
    } catch (caught) {
      error = caught
    }
    expect(error).toMatchObject({ name: 'UsageError', data: { model: '/m.onnx' } })
    expect(String(error)).toContain(`${id}: `)
    expect(String(error)).toContain(message)
  })

  it.each([
    [{ O: 7 }, 'Option: O="7" must be'],
    [{ compiler: 'clang' }, 'Option: compiler="clang" must be one of'],
    [{ target: 'z61' }, 'Option: Unknown target "z61"'],
    [{ dims: { batch: -1 } }, 'Option: dims="batch_-1" must be'],
  ])('refuses the option %j', (options, message) => {
    // As it comes from a JavaScript configuration file.
    const unchecked: RequestOptions = JSON.parse(JSON.stringify(options))
    expect(() => parseRequest('/m.onnx', unchecked)).toThrow(message)
  })
})

describe('canonicalId', () => {
  it('drops what hosts append, sorts the rest, and adds no defaults', () => {
    expect(canonicalId('/m.onnx')).toBe('/m.onnx')
    expect(canonicalId('/m.onnx?t=1&import')).toBe('/m.onnx')
    expect(canonicalId('/m.onnx?target=z16&t=1&O=2')).toBe('/m.onnx?O=2&target=z16')
  })
})

describe('canonicalQuery', () => {
  it('writes what is there', () => {
    expect(canonicalQuery({ target: 'wasm', O: 0 })).toBe('O=0&target=wasm')
    expect(canonicalQuery({})).toBe('')
  })
})

describe('the registry', () => {
  it.each(Object.entries(directives))('%s stands under its own name and documents itself', (name, directive) => {
    expect(directive.name).toBe(name)
    expect(directive.syntax).toMatch(new RegExp(`^${name}=`))
    expect(directive.summary).toMatch(/^[^\n]{10,110}$/)
  })
})
