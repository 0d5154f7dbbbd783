import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build as esbuild } from 'esbuild'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { compileWithOnnxMlir, emitStage, reportCompile } from '../../src/onnx-mlir/compile.ts'
import { findOnnxMlir } from '../../src/onnx-mlir/find.ts'
import { countOperations, dialectOf } from '../../src/onnx-mlir/operations.ts'
import { capabilitiesOf } from '../../src/onnx-mlir/probe.ts'
import { readPlacement, nnpaReport } from '../../src/pipeline/nnpa-report.ts'
import { modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { readModel } from '../../src/formats/read.ts'
import { placementOf } from '../../src/report/placement.ts'
import { createReport } from '../../src/report/report.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import esbuildPlugin from '../../src/esbuild.ts'
import { cliJson } from '../cli/cli.ts'
import { execute, filesBelow, moveElsewhere, temporaryFolder, writeFiles } from '../hosts/app.ts'
import { addModelWeights, addModelWithExternalData } from '../hosts/models.ts'
import { expectClose, modelsFolder, onnxruntime, randomInputs, reference } from '../onnxruntime.ts'
import { installStandIn, mlpSource } from './installed.ts'
import { fresh, load, mlp, plain, remove, rows, wave, write } from './real.ts'
import { haveRecordings } from './recordings.ts'
import { recordedTexts, replay } from './replay.ts'

// The models that a real onnx-mlir compiles in reasonable time, see reference/onnx-mlir.md §8.
const names = ['fraud-lstm', 'mnist-8', 'ultraface-rfb-320', 'light-squeezenet']
const modelPath = (name: string): string => join(modelsFolder, `${name}.onnx`)

const installed = Boolean(process.env['ONNX_MLIR_HOME'] ?? process.env['ONNX_MLIR_IMAGE'])
if (!installed) console.log('skipped: set ONNX_MLIR_HOME or ONNX_MLIR_IMAGE to compile with a real onnx-mlir')
const present = names.every((name) => existsSync(modelPath(name)))
if (!present) console.log('skipped: the models of ../shared/models are not here')
const ort = onnxruntime()

afterAll(remove)
vi.setConfig({ testTimeout: 900_000 })

describe.skipIf(!installed || !present || !ort)('a real onnx-mlir agrees with onnxruntime', () => {
  test('several models at once in one process, sync and async', async () => {
    const loaded = await Promise.all(names.map((name) => load(modelPath(name))))
    const sets = loaded.map(({ model }) => [1, 2, 3].map((seed) => randomInputs(model, seed)))
    const feeds = sets.map((each) =>
      each.map((set) => Object.fromEntries(Object.entries(set).map(([name, v]) => [name, Float32Array.from(v)]))),
    )
    const running = loaded.map(({ model }, i) => Promise.all(feeds[i]!.map((feed) => model.run(feed))))
    const sync = loaded.map(({ model }, i) => feeds[i]!.map((feed) => plain(model.runSync(feed))))
    const async = (await Promise.all(running)).map((results) => results.map(plain))
    expect(async).toEqual(sync)
    const named = Object.fromEntries(names.map((name, i) => [name, sync[i]!]))
    const expected = names.map((name, i) => reference(ort!, modelPath(name), loaded[i]!.model, sets[i]!))
    expectClose(named, Object.fromEntries((await Promise.all(expected)).map((values, i) => [names[i]!, values])))
  })
})

describe.skipIf(!installed)('a library of a real onnx-mlir', () => {
  test('takes any batch, and refuses what does not fit without harm', async () => {
    const { model, built } = await load(write(mlp))
    const { model: ours } = await load(write(mlp), { compiler: 'builtin' })
    expect(built.artifact.compiler.name).toBe('onnx-mlir')
    for (const batch of [1, 5, 2]) {
      const [given, wanted] = [model.runSync({ x: rows(batch) }), ours.runSync({ x: rows(batch) })]
      expect(given['y']!.dims).toEqual([batch, 4])
      expectClose({ mlp: [plain(given)] }, { mlp: [plain(wanted)] })
    }
    for (const x of [
      { data: new Float32Array(31), dims: [1, 31] },
      { data: new Float32Array(32), dims: [32] },
      { data: new Float32Array(32), dims: [2, 32] },
      { data: new Float64Array(32), dims: [1, 32] },
      { data: new Float32Array(32), dims: [-1, 32] },
    ]) {
      expect(() => model.runSync({ x })).toThrow(/m\.onnx: input "x"/)
      await expect(model.run({ x })).rejects.toThrow(/m\.onnx: input "x"/)
    }
    expect(() => model.runSync({})).toThrow(TypeError)
    expect(model.runSync({ x: rows(0) })['y']!.dims).toEqual([0, 4])
    expect(plain(await model.run({ x: rows(1) }))).toEqual(plain(model.runSync({ x: rows(1) })))
  })

  test('with its constants in a file works where the output is copied to, beside another one', async () => {
    const root = await temporaryFolder()
    const other: ModelSource = { ...mlp, initializers: { ...mlp.initializers, w1: wave(64, 32), w2: wave(64, 4) } }
    await writeFiles(root, {
      'main.js': `
        import a from './a.onnx'
        import b from './b.onnx?compiler=onnx-mlir'
        const x = { data: Float32Array.from({ length: 64 }, (_, i) => Math.cos(i)), dims: [2, 32] }
        Promise.all([a.run({ x }), b.run({ x })]).then((all) =>
          console.log(JSON.stringify(all.map(({ y }) => [...y.data]))))`,
      'a.onnx': modelBytes(mlp),
      'b.onnx': modelBytes({
        ...other,
        nodes: [
          {
            name: 'Gemm_0',
            op: 'Gemm',
            inputs: ['x', 'w1', 'b1'],
            outputs: ['h'],
            attributes: { transB: 1n },
          },
          ...mlp.nodes.slice(1),
        ],
      }),
    })
    const kept = await temporaryFolder()
    const options = { root, cache: kept, compiler: 'onnx-mlir', onnxMlir: { options: { constants: 'file' } } } as const
    await esbuild({
      absWorkingDir: root,
      entryPoints: [join(root, 'main.js')],
      bundle: true,
      platform: 'node',
      logLevel: 'silent',
      plugins: [esbuildPlugin(options)],
      outfile: join(root, 'out/app.cjs'),
    })
    const expected = await Promise.all(
      ['a.onnx', 'b.onnx'].map(async (name) => {
        const { model } = await load(join(root, name), { compiler: 'builtin' })
        return plain(model.runSync({ x: rows(2) }))
      }),
    )
    const moved = await moveElsewhere(join(root, 'out'))
    await rm(kept, { recursive: true })
    expect((await filesBelow(moved)).filter((file) => file.endsWith('.constants.bin'))).toHaveLength(2)
    const results = (await execute(join(moved, 'app.cjs'))) as number[][]
    const named = (all: readonly (readonly number[])[]) => ({ apps: all.map((y) => ({ y })) })
    expectClose(named(results), named(expected.map(({ y }) => y!)))
  })

  test('has the weights of external data', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, { 'add.onnx': addModelWithExternalData('data/w.bin'), 'data/w.bin': addModelWeights(10) })
    const { model, built } = await load(join(root, 'add.onnx'))
    expect(built.artifact.compiler.name).toBe('onnx-mlir')
    expect([...(model.runSync({ x: Float32Array.of(1, 2, 3) })['y']!.data as Float32Array)]).toEqual([11, 12, 13])
  })

  test('tells the time of each node with ?profile=onnx', async () => {
    const { model } = await load(`${write(mlp)}?profile=onnx`)
    const { nodes, runs } = model.profile({ x: rows(4) }, 3)
    expect(runs).toBe(3)
    expect(nodes.map(({ name }) => name).sort()).toEqual(
      expect.arrayContaining([expect.stringMatching(/Gemm_0/), expect.stringMatching(/Softmax_3/)]),
    )
    for (const node of nodes) {
      expect(node.op).toMatch(/^onnx\./)
      expect(node.calls % 3).toBe(0)
      expect(node.seconds).toBeGreaterThanOrEqual(0)
    }
  })

  const named = (x: string, y: string, node: string): ModelSource => ({
    opsets: { '': 17 },
    inputs: { [x]: tensorType('float32', [3]) },
    outputs: { [y]: tensorType('float32', [3]) },
    nodes: [{ name: node, op: 'Exp', inputs: [x], outputs: [y] }],
  })

  test('keeps names with spaces, brackets and letters of all alphabets', async () => {
    const [x, y] = ['a näme, 中文 {}', "it's [b]: $(c)"]
    const { model, built } = await load(write(named(x, y, '"; $(touch x) \'\n'), `m o'd "é\nl.onnx`))
    expect(built.artifact.compiler.name).toBe('onnx-mlir')
    expect(model.runSync({ [x]: Float32Array.of(0, 1, 2) })[y]!.data[1]).toBeCloseTo(Math.E, 5)
  })

  test.each(['a "quoted" name', 'a\\', 'two\nlines'])(
    'leaves a name that it can’t take to the built-in: %j',
    async (x) => {
      const id = write(named(x, 'y', 'n'))
      const { model, warnings } = await load(id, { compiler: 'auto' })
      expect(warnings).toEqual([expect.stringMatching(/since the name ".*" holds a quote, backslash or line break/)])
      expect(model.runSync({ [x]: Float32Array.of(0, 1, 2) })['y']!.data[1]).toBeCloseTo(Math.E, 5)
    },
  )
})

describe.skipIf(!installed || !present)('stages of a real onnx-mlir', () => {
  const emit = async (stage: Parameters<typeof emitStage>[2], target: string) =>
    emitStage(
      (await findOnnxMlir())!,
      await readModel(modelPath('mnist-8')),
      stage,
      'm',
      { target: resolveTarget(target) },
      { outDir: fresh() },
    )

  test.each([
    ['onnx-basic', 'host', /^(builtin|func|onnx)$/, 'onnx.Conv'],
    ['onnx-ir', 'host', /^(builtin|func|onnx)$/, 'onnx.Conv'],
    ['mlir', 'host', /^(?!onnx$)/, 'affine.for'],
    ['llvm-ir', 'host', /^(builtin|llvm)$/, 'llvm.func'],
    ['zhigh', 'z16', /^(builtin|func|onnx|zhigh|krnl|memref|arith)$/, 'zhigh.Conv2D'],
    ['zlow', 'z17', /^(?!zhigh$)/, 'zlow.conv2d'],
  ] as const)('%s of mnist-8 for %s', async (stage, target, dialect, operation) => {
    const counts = countOperations((await emit(stage, target)).text ?? '')
    expect(counts.get(operation)).toBeGreaterThan(0)
    for (const name of counts.keys()) expect(dialectOf(name)).toMatch(dialect)
  })

  test('obj and lib are what a linker takes', async () => {
    for (const stage of ['obj', 'lib'] as const) {
      const { path } = await emit(stage, 'host')
      expect(readFileSync(path).subarray(0, 4).toString('latin1')).toBe('\x7fELF')
    }
  })

  test('jni is a jar, or the compiler was built or installed without what it takes', async () => {
    const made = await emit('jni', 'host').then(
      ({ path }) => readFileSync(path).subarray(0, 2).toString('latin1'),
      ({ code }: { code: unknown }) => code,
    )
    expect(['PK', 'ENVIRONMENT_JAVA', 'ENVIRONMENT_LINKER']).toContain(made)
  })

  test('inspect --stages counts them', async () => {
    const { code, json } = await cliJson('inspect', modelPath('mnist-8'), '--stages')
    expect(code).toBe(0)
    expect(JSON.stringify(json)).toContain('llvm-ir')
  })
})

describe.skipIf(!installed)('which compiler runs beside a real onnx-mlir', () => {
  const det: ModelSource = {
    opsets: { '': 17 },
    inputs: { x: tensorType('float32', [2, 2]) },
    outputs: { y: tensorType('float32', []) },
    nodes: [
      { name: 'positive', op: 'Abs', inputs: ['x'], outputs: ['a'] },
      { name: 'volume', op: 'Det', inputs: ['a'], outputs: ['y'] },
    ],
  }
  const custom: ModelSource = {
    ...det,
    opsets: { '': 17, 'com.example': 1 },
    nodes: [
      det.nodes[0]!,
      { name: 'mine', op: 'Thing', domain: 'com.example', inputs: ['a'], outputs: ['b'] },
      { op: 'Det', inputs: ['b'], outputs: ['y'] },
    ],
  }

  test('an operator that it has not: the error names the node and says who can', async () => {
    await expect(load(write(det))).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATOR',
      data: { node: 'volume', op: 'Det' },
      message: expect.stringContaining('The built-in compiler can make it: use compiler=builtin.'),
    })
    const installation = (await findOnnxMlir())!
    const model = await readModel(write(custom))
    const signature = { inputs: [], outputs: [] }
    const compiling = compileWithOnnxMlir(
      installation,
      model,
      { target: resolveTarget('host') },
      { outDir: fresh(), signature, builtinCan: ({ domain }) => domain === '' },
    )
    await expect(compiling).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATOR',
      data: { node: 'mine', op: 'com.example.Thing' },
      message: expect.stringContaining('can’t make it either'),
    })
  })

  test('auto: the built-in takes over, with one warning', async () => {
    const { model, built, warnings } = await load(write(det), { compiler: 'auto' })
    expect(built.artifact.compiler.name).toBe('builtin')
    expect(warnings).toEqual([expect.stringMatching(/onnx-mlir failed on m\.onnx.*Det "volume"/s)])
    expect(model.runSync({ x: Float32Array.of(1, -2, 3, 4) })['y']!.data[0]).toBeCloseTo(-2, 5)
  })

  test.each(['embed', 'file'] as const)('fastest, constants: %s: both agree, and one is taken', async (constants) => {
    const options = { compiler: 'fastest', onnxMlir: { options: { constants } } } as const
    const { lines, built, warnings } = await load(write(mlp), options)
    expect(warnings).toEqual([])
    expect(lines.join('\n')).toMatch(/(builtin|onnx-mlir) [\d.]+ µs, (builtin|onnx-mlir) [\d.]+ µs: the first is taken/)
    expect(['builtin', 'onnx-mlir']).toContain(built.artifact.compiler.name)
  })

  test('what exceeds its limits is stopped', async () => {
    const slow = present ? modelPath('ultraface-rfb-320') : write(mlp)
    await expect(load(slow, { onnxMlir: { timeout: 0.2 }, O: 2 })).rejects.toMatchObject({ code: 'COMPILE_TIMEOUT' })
    await expect(load(slow, { onnxMlir: { memory: 16 << 20 }, O: 2 })).rejects.toMatchObject({ code: 'COMPILE_MEMORY' })
  })
})

describe.skipIf(!installed || !haveRecordings || !present)('NNPA reports of a real onnx-mlir', () => {
  const mine = async (name: string) => readModel(name === 'mlp' ? write(mlpSource, 'mlp.onnx') : modelPath(name))
  const levels = ['z16', 'z17'] as const
  const cases = ['mlp', 'fraud-lstm', 'mnist-8', 'ultraface-rfb-320'].flatMap((name) =>
    levels.map((level) => [name, level] as const),
  )

  test.each(cases)('%s on %s is as recorded', async (name, level) => {
    const installation = (await findOnnxMlir())!
    if (!(await capabilitiesOf(installation)).nnpa) return console.log('skipped: this onnx-mlir has no NNPA')
    const model = await mine(name)
    const standIn = installStandIn(fresh(), [replay(`${name}.nnpa-${level}`)], recordedTexts())
    const options = { target: resolveTarget(level) }
    const [real, recorded] = await Promise.all(
      [installation, standIn.installation].map((each) => reportCompile(each, model, options)),
    )
    // The compiler gives nameless nodes numbers of its own, others in each run.
    const placement = (text: string | undefined) =>
      JSON.parse((text ?? 'null').replace(/"(onnx\.\w+?)_\d+"/g, '"$1"')) as unknown
    expect(placement(real!.placement)).toEqual(placement(recorded!.placement))
    expect(real!.reportLines).toEqual(recorded!.reportLines)
    const devices = (compiled: typeof real) =>
      createReport(model, level, { compiled: compiled! }).nodes.map((node) => `${node.name} ${node.device}`)
    expect(devices(real)).toEqual(devices(recorded))
  })

  test('a saved placement with one node moved to the CPU moves that node', async () => {
    const model = await mine('mnist-8')
    const before = await nnpaReport(model, 'z16')
    expect(before.source).toBe('onnx-mlir')
    const saved = JSON.parse(placementOf(before, model, 'config-file')) as {
      nnpa_ops_config: { pattern: { match: Record<string, string>; rewrite: { device: string } } }[]
    }
    const rule = saved.nnpa_ops_config.find(({ pattern }) => pattern.match['onnx_node_name'] === 'Pooling66')!
    expect(rule.pattern.rewrite.device).toBe('nnpa')
    rule.pattern.rewrite.device = 'cpu'
    const file = join(fresh(), 'p.json')
    writeFileSync(file, JSON.stringify(saved))
    const after = await nnpaReport(model, 'z16', { placement: await readPlacement(file) })
    const moved = after.nodes.filter(({ device }, i) => device !== before.nodes[i]!.device)
    expect(moved.map(({ name, device }) => [name, device])).toEqual([['Pooling66', 'cpu']])
  })

  test.skipIf(process.arch === 's390x')('a z16 library is refused here, with the reason', async () => {
    const installation = (await findOnnxMlir())!
    if ((await capabilitiesOf(installation)).arch === 's390x') return console.log('skipped: this one makes s390x')
    await expect(load(modelPath('mnist-8'), { target: 'z16' })).rejects.toMatchObject({
      code: 'ENVIRONMENT_CROSS',
      message: expect.stringMatching(/can't cross-compile to s390x: .*byte order/),
    })
    const reports = fresh()
    const options = { target: 'z16', compiler: 'auto', report: { folder: reports } } as const
    const { model, built, lines } = await load(modelPath('mnist-8'), options, 'dev')
    expect(built.facts.target).toBe(resolveTarget('host').name)
    expect(built.facts.report).toMatchObject({ target: 'z16', source: 'onnx-mlir' })
    expect(basename(built.reportPage!)).toMatch(/\.html$/)
    expect(readFileSync(built.reportPage!, 'utf8')).toContain('Pooling66')
    expect(lines.join('\n')).toMatch(/as compiled by onnx-mlir/)
    expect(Object.values(model.runSync({ Input3: new Float32Array(784) }))[0]!.dims).toEqual([1, 10])
  })
})
