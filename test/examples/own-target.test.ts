import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { registerTarget } from '../../src/ops/user/target.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { cli, cliJson, fileWith, temporaryFolder } from '../cli/cli.ts'
import { tensorBytes } from '../cli/models.ts'

const example = resolve('examples/own-target/targets.js')
const matmul = resolve('examples/own-target/matmul.c')

/** Products of matrices that the DSP has a kernel for, and one of three axes and one of doubles that it hasn't; and something else. */
function products(): Uint8Array {
  const numbers = (type: ElementType, dims: readonly number[]) => {
    const count = dims.reduce((a, b) => a * b, 1)
    return tensorFrom(
      type,
      dims,
      Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * i + 1))),
    )
  }
  return modelBytes({
    opsets: { '': 17 },
    inputs: {
      x: tensorType('float32', ['rows', 7]),
      z: tensorType('float32', [2, 3, 7]),
      d: tensorType('float64', [2, 7]),
    },
    outputs: {
      y: tensorType('float32', ['rows', 5]),
      w: tensorType('float32', [2, 3, 5]),
      e: tensorType('float64', [2, 5]),
    },
    initializers: { m: numbers('float32', [7, 5]), md: numbers('float64', [7, 5]) },
    nodes: [
      { op: 'MatMul', inputs: ['x', 'm'], outputs: ['p'] },
      { op: 'Tanh', inputs: ['p'], outputs: ['y'] },
      { op: 'MatMul', inputs: ['z', 'm'], outputs: ['w'] },
      { op: 'MatMul', inputs: ['d', 'md'], outputs: ['e'] },
    ],
  })
}

type Outputs = readonly { readonly name: string; readonly data: readonly number[] }[]

describe.skipIf(process.platform === 'win32')('a target of a user’s', () => {
  test('runs models as this machine does, with its own kernel where that fits', async () => {
    const model = await fileWith('products.onnx', products())
    const cache = await temporaryFolder()
    const run = async (...args: readonly string[]): Promise<Outputs> => {
      const random = ['--random', '--seed', '3', '--dims', 'rows=3', '--cache', cache]
      const { code, json, err } = await cliJson('run', model, ...random, '-c', 'builtin', ...args)
      expect(err).toBe('')
      expect(code).toBe(0)
      return (json as { outputs: Outputs }).outputs
    }
    const [own, host] = [await run('--targets', example, '-t', 'dsp1'), await run()]
    expect(own.map(({ name }) => name)).toEqual(['y', 'w', 'e'])
    own.forEach(({ data }, i) => data.forEach((value, at) => expect(value).toBeCloseTo(host[i]!.data[at]!, 5)))

    const out = await temporaryFolder()
    expect((await cli('compile', model, '--emit', 'c', '--targets', example, '-t', 'dsp1', '-o', out)).code).toBe(0)
    const c = readFileSync(join(out, 'products.c'), 'utf8')
    expect(c.match(/^ +if \(dsp_matmul\(/gm)).toHaveLength(1)
    expect(c).toContain('dsp_mac4')
    expect(c).toMatch(/om_gemm_f32\(/)
  })

  test('a kernel that says another shape than ONNX is not called', async () => {
    const source =
      'int om_not_called(void); int wrong(const om_input *i, const om_output *o, const om_attribute *a) { (void)i, (void)o, (void)a; return 1; }'
    const kernel = {
      operator: 'MatMul',
      inputs: 'a:float32[m, k] b:float32[k, n]',
      source: source.replace('int om_not_called(void); ', ''),
      function: 'wrong',
    }
    registerTarget({
      name: 'wrong1',
      triple: 'x',
      cc: 'cc',
      runner: [],
      kernels: [{ ...kernel, outputs: 'c:float32[m, 2 * n]' }],
    })
    registerTarget({
      name: 'right1',
      triple: 'x',
      cc: 'cc',
      runner: [],
      kernels: [{ ...kernel, outputs: 'c:float32[m, n]' }],
    })
    const model = await fileWith('products.onnx', products())
    const args = [
      'run',
      model,
      '--random',
      '--dims',
      'rows=3',
      '-c',
      'builtin',
      '--cache',
      await temporaryFolder(),
      '-t',
    ]
    expect((await cli(...args, 'wrong1')).code).toBe(0)
    expect(await cli(...args, 'right1')).toMatchObject({
      code: 1,
      err: expect.stringContaining('its kernel wrong failed'),
    })
  })

  test('its runner runs programs for it', { timeout: 240_000 }, async () => {
    const folder = await temporaryFolder()
    const simulator = join(folder, 'simulator')
    writeFileSync(simulator, `#!/bin/sh\necho "$1" >>"${folder}/runs"\nshift\nexec "$@"\n`)
    chmodSync(simulator, 0o755)
    const targets = join(folder, 'targets.mjs')
    const entry = JSON.stringify(resolve('dist/index.js'))
    writeFileSync(
      targets,
      `import { registerTarget } from ${entry}
registerTarget({ name: 'dsp2', triple: 'dsp2-elf', cc: 'cc', vectorBytes: 16, runner: [${JSON.stringify(simulator)}, '--quiet'],
  kernels: [{ operator: 'MatMul', inputs: 'a:float32[m, k] b:float32[k, n]', outputs: 'c:float32[m, n]', file: ${JSON.stringify(matmul)}, function: 'dsp_matmul' }] })`,
    )
    const suite = join(folder, 'suite')
    const { model, input, output } = caseOf()
    mkdirSync(join(suite, 'test_product', 'test_data_set_0'), { recursive: true })
    writeFileSync(join(suite, 'test_product', 'model.onnx'), model)
    writeFileSync(join(suite, 'test_product', 'test_data_set_0', 'input_0.pb'), input)
    writeFileSync(join(suite, 'test_product', 'test_data_set_0', 'output_0.pb'), output)
    const cliFile = resolve('dist/cli/main.js')
    const args = [cliFile, 'conformance', '--suite', suite, '--targets', targets, '--target', 'dsp2', '--jobs', '1']
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('1 passed, 0 failed, 0 skipped\n')
    expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('--quiet\n')
    const loaded = await cli(
      'run',
      join(suite, 'test_product', 'model.onnx'),
      '--random',
      '-c',
      'builtin',
      '--targets',
      example,
      '-t',
      'dsp9',
    )
    expect(loaded).toMatchObject({ code: 2, err: expect.stringContaining('Known: host') })
  })

  test.each([
    [{ name: 'z16', triple: 'x', cc: 'cc' }, /there is a target of ours by that name/],
    [{ name: 'my dsp', triple: 'x', cc: 'cc' }, /its name is to be letters, digits, dots and dashes/],
    [{ name: 'dsp3', triple: 'x' }, /cc is missing/],
    [{ name: 'dsp3', triple: 'x', cc: [] }, /"cc", which must be a program/],
    [{ name: 'dsp3', triple: 'x', cc: 'cc', vectorBytes: 24 }, /"vectorBytes", which must be one of 0, 16, 32, 64/],
    [{ name: 'dsp3', triple: 'x', cc: 'cc', colour: 'red' }, /unknown option "colour"/],
    [
      {
        name: 'dsp3',
        triple: 'x',
        cc: 'cc',
        kernels: [{ operator: 'MatMul', inputs: 'a:float32[n]', outputs: 'c:float32[q]', source: '' }],
      },
      /Operator MatMul: the shape of output c speaks of q/,
    ],
    [
      {
        name: 'dsp3',
        triple: 'x',
        cc: 'cc',
        kernels: [{ operator: 'Abs', inputs: 'a:float32[n]', outputs: 'c:float32[n]', file: '/nowhere.c' }],
      },
      /Kernel for Abs: ENOENT/,
    ],
    [
      {
        name: 'dsp3',
        triple: 'x',
        cc: 'cc',
        kernels: [{ operator: 'Abs', inputs: 'a:float32[n]', outputs: 'c:float32[n]', source: '', attribute: {} }],
      },
      /Operator Abs: attribute is none of its fields/,
    ],
  ])('%j is refused', (definition, message) => {
    expect(() => registerTarget(definition as Parameters<typeof registerTarget>[0])).toThrow(message)
  })

  test('a kernel for an operator that is none, which would never be called', async () => {
    const kernel = { operator: 'Matmul', inputs: 'a:float32[n]', outputs: 'c:float32[n]', source: '' }
    registerTarget({ name: 'dsp5', triple: 'x', cc: 'cc', kernels: [kernel] })
    expect(
      await cli('compile', await fileWith('products.onnx', products()), '-c', 'builtin', '-t', 'dsp5'),
    ).toMatchObject({ code: 2, err: expect.stringContaining('Kernel for Matmul: there is no such operator') })
  })

  test.runIf(process.arch === 'x64')('what its compiler contradicts, and no runner', async () => {
    const base = { triple: 'x', cc: 'cc', runner: [] } as const
    registerTarget({ ...base, name: 'dsp6', byteOrder: 'big' })
    registerTarget({ ...base, name: 'dsp7', pointerBytes: 4 })
    registerTarget({ name: 'dsp8', triple: 'x', cc: 'cc' })
    registerTarget({ ...base, name: 'dsp9', cc: ['cc', '-DOWN'] })
    const model = await fileWith('products.onnx', products())
    const { json } = await cliJson('compile', model, '--emit', 'c', '-t', 'dsp9', '-o', await temporaryFolder())
    expect(json.command).toMatch(/^cc -DOWN -std=/)
    const run = (name: string) => cli('compile', model, '-c', 'builtin', '-t', name)
    expect((await run('dsp6')).err).toContain('target dsp6 is registered with byteOrder big')
    expect((await run('dsp7')).err).toContain('target dsp7 is registered with pointerBytes 4')
    expect((await cli('run', model, '--random', '-c', 'builtin', '-t', 'dsp8')).err).toContain(
      'Register the target with a runner',
    )
  })

  test('a compiler that is not there, and a module that fails', async () => {
    registerTarget({ name: 'dsp4', triple: 'x', cc: 'dsp4-gcc' })
    const model = await fileWith('products.onnx', products())
    expect(await cli('compile', model, '-c', 'builtin', '-t', 'dsp4')).toMatchObject({
      code: 1,
      err: expect.stringContaining('dsp4-gcc, does not answer'),
    })
    const broken = await fileWith('targets.mjs', 'throw new Error("no")')
    expect(await cli('compile', model, '--targets', broken)).toMatchObject({
      code: 2,
      err: expect.stringContaining("it can't be loaded: no"),
    })
  })
})

/** y = x W of one row, and what comes of it. */
function caseOf(): { model: Uint8Array; input: Uint8Array; output: Uint8Array } {
  const weights = Array.from({ length: 12 }, (_, i) => i)
  const model = modelBytes({
    opsets: { '': 17 },
    inputs: { x: tensorType('float32', [1, 4]) },
    outputs: { y: tensorType('float32', [1, 3]) },
    initializers: { W: tensorFrom('float32', [4, 3], weights) },
    nodes: [{ op: 'MatMul', inputs: ['x', 'W'], outputs: ['y'] }],
  })
  return {
    model,
    input: tensorBytes(tensorFrom('float32', [1, 4], [1, 2, 3, 4])),
    output: tensorBytes(tensorFrom('float32', [1, 3], [60, 70, 80])),
  }
}
