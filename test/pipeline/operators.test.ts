import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rollup } from 'rollup'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CompileError, UsageError } from '../../src/errors/index.ts'
import { defineOperator, type OperatorDefinition } from '../../src/index.ts'
import { type AttributeSource, modelBytes, tensorType } from '../../src/onnx/build.ts'
import type { TypeInfo } from '../../src/onnx/model.ts'
import { createPipeline, signatureOf } from '../../src/pipeline/index.ts'
import { runnableModel } from '../../src/plugin/runnable.ts'
import rollupPlugin from '../../src/rollup.ts'
import type { Model } from '../../src/runtime/index.ts'
import { cli, cliJson } from '../cli/cli.ts'

// Operators that users define: what docs/operators-of-your-own.md says, by the very code that it shows.

const folder = mkdtempSync(join(tmpdir(), 'operators-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const cache = join(folder, 'cache')

const page = readFileSync(join(import.meta.dirname, '../../docs/operators-of-your-own.md'), 'utf8')
const block = (language: string): string => new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(page)![1]!

const domain = 'com.example'
const twirl: OperatorDefinition = {
  domain,
  name: 'Twirl',
  inputs: 'x:T[n, c] angle?:float32[]',
  types: { T: 'float32' },
  outputs: 'y:T[n, 2 * c]',
  attributes: { strength: { type: 'float', default: 1 } },
  source: block('c'),
  function: 'twirl',
}

interface NodeOf {
  readonly op: string
  readonly inputs: Readonly<Record<string, TypeInfo>>
  readonly attributes?: Readonly<Record<string, AttributeSource>>
}

let models = 0
/** Writes a model of one node; gives its path. */
async function modelOf({ op, inputs, attributes = {} }: NodeOf): Promise<string> {
  const path = join(folder, `model-${models++}.onnx`)
  const bytes = modelBytes({
    opsets: { '': 17, [domain]: 1 },
    inputs,
    outputs: { y: undefined },
    nodes: [{ op, domain, name: 'node', inputs: Object.keys(inputs), outputs: ['y'], attributes }],
  })
  await writeFile(path, bytes)
  return path
}

const context = { mode: 'build', log: () => undefined, warn: () => undefined } as const

async function built(path: string, operators: readonly OperatorDefinition[], target = 'host'): Promise<Model> {
  const pipeline = createPipeline({ cache, operators, compiler: 'builtin', target })
  return runnableModel(path, await pipeline.build(path, context))
}

const f32 = (data: readonly number[], dims: readonly number[]) => ({ data: Float32Array.from(data), dims })
const x: TypeInfo = tensorType('float32', ['n', 3])

describe('an operator of the documentation', () => {
  const [definitions, c] = [join(folder, 'operators.mjs'), join(folder, 'twirl.c')]
  let model: string
  beforeAll(async () => {
    // The package has no name here. What it exports is called on the definitions once more, anyway.
    await writeFile(definitions, block('js').replace(/^import .*$/m, 'const defineOperator = (one) => one'))
    await writeFile(c, block('c'))
    model = await modelOf({
      op: 'Twirl',
      inputs: { x, angle: tensorType('float32', []) },
      attributes: { strength: 0.5 },
    })
  })
  const given = { x: f32([1, 2, 3], [1, 3]), angle: f32([Math.PI], []) }
  const expected = [0, 0, 0, 1, 2, 3]

  test('is called', async () => {
    const { y } = (await built(model, [twirl])).runSync(given)
    expect(y!.dims).toEqual([1, 6])
    expect([...(y!.data as Float32Array)].map((value) => Math.round(value * 1e5) / 1e5 + 0)).toEqual(expected)
  })

  test('works on the command line', async () => {
    const inspected = await cliJson('inspect', model, '--operators', definitions)
    expect(inspected.json).toMatchObject({ outputs: [{ name: 'y', type: 'float32', shape: ['n', 6] }] })
    const ran = await cliJson('run', model, '--random', '--operators', definitions, '--cache', cache)
    expect(ran.json.outputs[0].shape).toEqual([1, 6])
    const reported = await cliJson('report', model, '--predicted', '--operators', definitions)
    expect(reported.json.nodes).toHaveLength(1)
    const out = join(folder, 'c')
    const emitted = await cliJson('compile', model, '--emit', 'c', '--out', out, '--operators', definitions)
    const c = await readFile(emitted.json.source, 'utf8')
    for (const text of ['int twirl(', 'typedef struct om_attribute']) expect(c).toContain(text)
    const short = ['--operators', definitions, '--cache', cache, '--rounds', '2']
    const timed = await cliJson('bench', model, '--engines', 'builtin,builtin-wasm', ...short)
    expect(Object.values(timed.json.models)).toEqual([
      { builtin: expect.objectContaining({ runUs: expect.anything() }), 'builtin-wasm': expect.anything() },
    ])
    const profiled = await cliJson('bench', model, '--profile', ...short)
    expect(JSON.stringify(profiled.json)).toContain('"op":"Call"')
    const page = await cli('bench', model, '--browser', ...short)
    expect([page.code, page.err]).toEqual([2, expect.stringContaining('leave --browser out')])
    const without = await cli('run', model, '--random', '--cache', cache)
    expect(without.err).toContain('com.example.Twirl')
  })

  test('works in a bundler, which watches its C', async () => {
    const entry = join(folder, 'entry.js')
    await writeFile(entry, `import model from ${JSON.stringify(model)}\nexport default model`)
    const { source: _, ...rest } = twirl
    const plugin = rollupPlugin({
      cache,
      compiler: 'builtin',
      types: false,
      operators: [defineOperator({ ...rest, file: c })],
    })
    const bundle = await rollup({ input: entry, plugins: [plugin], external: /^(node:|unplugin-onnx-mlir)/ })
    expect(bundle.watchFiles).toContain(c)
    const { output } = await bundle.generate({ format: 'esm' })
    expect(output[0].code).toContain('"y"')
    await bundle.close()
  })

  test('has its types', async () => {
    expect((await signatureOf(model, [twirl])).outputs).toEqual([{ name: 'y', type: 'float32', shape: ['n', 6] }])
  })
})

test.each(['host', 'wasm'])('complex numbers are multiplied and divided, for %s', async (target) => {
  const turn: OperatorDefinition = {
    domain,
    name: 'Turn',
    inputs: 'x:float32[4]',
    outputs: 'y:float32[4]',
    source: `#include <complex.h>
      #include "om_operator.h"
      int turn(const om_input *in, const om_output *out, const om_attribute *a) {
        const float *x = in[0].data;
        const float complex u = x[0] + x[1] * I, v = x[2] + x[3] * I, results[] = {u * v, u / v};
        memcpy(out[0].data, results, sizeof results);
        return 0;
      }`,
    function: 'turn',
  }
  const model = await built(await modelOf({ op: 'Turn', inputs: { x: tensorType('float32', [4]) } }), [turn], target)
  const { y } = model.runSync({ x: [3, 4, 1, 2] })
  expect([...(y!.data as Float32Array)].map((value) => value.toFixed(5))).toEqual(
    [-5, 10, 2.2, -0.4].map((value) => value.toFixed(5)),
  )
})

describe('rules of an operator', () => {
  /** Gives its inputs and attributes as numbers: types, ranks and sizes that it was called with. */
  const told: OperatorDefinition = {
    domain,
    name: 'Told',
    inputs: 'x:T[n, ...s] rest*:int64[_, k]',
    types: { T: 'float32|float16|bool' },
    outputs: 'y:int64[8] z:T[max(n - 1, 0), (k + size - 1) / 2, ...s]',
    attributes: {
      size: { type: 'int', min: 1, max: 9, default: 2 },
      list: { type: 'ints', default: [7, 8] },
      mode: { type: 'string', values: ['a', 'b'], default: 'b' },
      bounds: { type: 'floats', default: [0.5, -Infinity] },
    },
    source: `#define om_min this is nobody's business
      int Told(const om_input *in, const om_output *out, const om_attribute *a) {
        const int64_t facts[] = {in[0].type, in[0].rank, in[0].count, in[1].dims[1],
          a[0].i, a[1].count + a[1].ints[1], a[2].s[0], a[3].floats[0] == 0.5 && a[3].floats[1] < 0};
        memcpy(out[0].data, facts, sizeof facts);
        memset(out[1].data, 0, (size_t)out[1].count * 2);
        return in[0].count == 1;
      }`,
  }
  const k: TypeInfo = tensorType('int64', ['m', 'k'])
  const rest = { data: new BigInt64Array(5), dims: [1, 5] }

  test('give types and sizes', async () => {
    const path = await modelOf({
      op: 'Told',
      inputs: { x: tensorType('float16', ['n', 2, 3]), k },
      attributes: { mode: 'a' },
    })
    const signature = await signatureOf(path, [told])
    expect(signature.outputs).toEqual([{ name: 'y', type: 'int64', shape: [8] }])
    const model = await built(path, [told])
    const { y } = model.runSync({ x: { data: new Uint16Array(24), dims: [4, 2, 3] }, k: rest })
    expect(y!.data).toEqual(BigInt64Array.of(10n, 3n, 24n, 5n, 2n, 10n, 97n, 1n))
    expect(() =>
      model.runSync({
        x: { data: new Uint16Array(0), dims: [0, 2, 3] },
        k: { data: new BigInt64Array(0), dims: [0, 1] },
      }),
    ).not.toThrow()
  })

  test('a kernel that fails ends the run, and the next one is as before', async () => {
    const model = await built(await modelOf({ op: 'Told', inputs: { x: tensorType('bool', ['n']), k } }), [told])
    const run = (n: number) => model.runSync({ x: { data: new Uint8Array(n), dims: [n] }, k: rest })
    expect(() => run(1)).toThrow('its kernel Told failed')
    expect(run(2)['y']!.data).toEqual(BigInt64Array.of(9n, 1n, 2n, 5n, 2n, 10n, 98n, 1n))
  })

  test('are held in the run', async () => {
    const model = await built(
      await modelOf({ op: 'Pairs', inputs: { x: tensorType('float32', ['n']), k: tensorType('float32', ['m']) } }),
      [pairs],
    )
    expect(() => model.runSync({ x: f32([1, 2], [2]), k: f32([1], [1]) })).toThrow('m is 2 in input')
    expect(() => model.runSync({ x: f32([1], [1]), k: f32([1], [1]) })).toThrow(
      'axis 0 of output 0 would be of a negative size',
    )
    expect(model.runSync({ x: f32([1, 2, 3], [3]), k: f32([4, 5, 6], [3]) })['y']!.data).toEqual(Float32Array.of(4))
  })
  const pairs: OperatorDefinition = {
    domain,
    name: 'Pairs',
    inputs: 'x:float32[n] k:float32[n]',
    outputs: 'z:float32[n - 2]',
    source: `int Pairs(const om_input *in, const om_output *out, const om_attribute *a) {
      (void)a;
      for (int64_t i = 0; i < out[0].count; i++) ((float *)out[0].data)[i] = ((const float *)in[1].data)[i];
      return 0;
    }`,
  }

  test.each([
    ['another element type', { op: 'Told', inputs: { x: tensorType('int32', [1]), k } }, 'int32'],
    ['another rank', { op: 'Told', inputs: { x, k: tensorType('int64', [2]) } }, 'rank 2'],
    [
      'an attribute that is not declared',
      { op: 'Told', inputs: { x, k }, attributes: { extra: 1n } },
      'attribute extra is not among',
    ],
    [
      'an attribute of another type',
      { op: 'Told', inputs: { x, k }, attributes: { size: 1.5 } },
      'should be of type int',
    ],
    [
      'an attribute out of its bounds',
      { op: 'Told', inputs: { x, k }, attributes: { size: 10n } },
      'must be from 1 to 9',
    ],
    [
      'a text that is not listed',
      { op: 'Told', inputs: { x, k }, attributes: { mode: 'c' } },
      'should be one of "a", "b"',
    ],
    ['a shape whose input is not given', { op: 'Told', inputs: { x } }, 'needs k, of an input that is not given'],
  ])('refuse %s', async (_what, node, message) => {
    const path = await modelOf(node)
    const error = await built(path, [told]).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CompileError)
    expect((error as Error).message).toContain(message)
  })
})

describe('a definition', () => {
  test('is part of the key: other C, other rules, and other attributes are compiled anew', async () => {
    const path = await modelOf({ op: 'Twirl', inputs: { x, angle: tensorType('float32', []) } })
    const isCached = async (definition: OperatorDefinition) =>
      (await createPipeline({ cache, operators: [definition], compiler: 'builtin' }).build(path, context)).cached
    expect(await isCached(twirl)).toBe(false)
    expect(await isCached({ ...twirl })).toBe(true)
    expect(await isCached({ ...twirl, source: twirl.source!.replace('cos', 'sin') })).toBe(false)
    expect(await isCached({ ...twirl, outputs: 'y:T[n, c + c]' })).toBe(false)
    expect(await isCached({ ...twirl, attributes: { strength: { type: 'float', default: 2 } } })).toBe(false)
  })

  test('whose C does not compile says where', async () => {
    const path = await modelOf({ op: 'Twirl', inputs: { x, angle: tensorType('float32', []) } })
    const c = join(folder, 'broken.c')
    await writeFile(c, 'int twirl(\nnonsense')
    const { source: _, ...rest } = twirl
    const error = await built(path, [{ ...rest, file: c }]).catch((thrown: unknown) => thrown)
    expect((error as Error).message).toContain('broken.c:2')
    expect((error as Error).message).toContain('mend the C of your operator')
    const missing = built(path, [{ ...rest, source: 'int other(void) { return 0; }' }])
    await expect(missing).rejects.toThrow(/twirl.*mend the C of your operator/s)
  })

  test.each([
    ["ONNX's domain", { domain: '' }, 'domain'],
    ["the compiler's domain", { domain: 'om' }, 'domain'],
    ['rules that can not be read', { inputs: 'x float32' }, 'not the rules of an operator'],
    ['types that there are not', { types: { T: 'float31' } }, 'no element types: float31'],
    ['a shape that can not be read', { outputs: 'y:T[n' }, 'found the end'],
    ['a size of no input', { outputs: 'y:T[n, q]' }, 'speaks of q'],
    ['axes of no input', { outputs: 'y:T[...s]' }, 'speaks of ...s'],
    ['a type of no input', { outputs: 'y:U[n]' }, 'of type U'],
    ['strings', { outputs: 'y:string[n]' }, 'of strings'],
    ['a sequence', { inputs: 'x:sequence' }, 'only tensors'],
    ['no C', { source: undefined }, 'as file or as source'],
    ['a name of the compiler', { function: 'om_run' }, 'no name of a C function'],
    // As JavaScript may say it.
    ['a domain that is a number', { domain: 5 }, 'domain should be text, but is number'],
    ['no outputs', { outputs: undefined }, 'outputs should be text, but is missing'],
    ['C that is no text', { source: 9 }, 'source should be text'],
    ['a file that is no path', { source: undefined, file: 9 }, 'file should be a path or a URL'],
    ['types that are none', { types: null }, 'types should be an object'],
    ['attributes that are none', { attributes: 'strength' }, 'attributes should be an object'],
    ['an attribute that is none', { attributes: { k: null } }, 'attribute "k": its type should be one of int, float'],
    ['an attribute of no type', { attributes: { k: { type: 'double' } } }, 'its type should be one of'],
    ['an int that is none', { attributes: { k: { type: 'int', default: 1.5 } } }, 'default does not fit the type int'],
    ['bounds of text', { attributes: { k: { type: 'string', min: 1 } } }, 'min does not fit the type string'],
  ])('refuses %s', (_what, change, message) => {
    expect(() => defineOperator({ ...twirl, ...change } as OperatorDefinition)).toThrow(UsageError)
    expect(() => defineOperator({ ...twirl, ...change } as OperatorDefinition)).toThrow(message)
  })

  test('is refused twice, or with a file that is not there, and --operators without a list', async () => {
    const path = await modelOf({ op: 'Twirl', inputs: { x } })
    await expect(built(path, [twirl, twirl])).rejects.toThrow('is defined twice')
    const { source: _, ...rest } = twirl
    await expect(built(path, [{ ...rest, file: join(folder, 'none.c') }])).rejects.toThrow('ENOENT')
    const file = join(folder, 'no-list.mjs')
    await writeFile(file, 'export const operators = []')
    const { code, err } = await cli('run', path, '--random', '--operators', file)
    expect([code, err]).toEqual([2, expect.stringContaining('default export should be a list')])
  })
})
