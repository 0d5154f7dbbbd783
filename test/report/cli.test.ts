import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { cli, cliJson, fileWith } from '../cli/cli.ts'

/** Scales rows by themselves, which needs both to have one size: only for batch 1 … and Gelu, which z16 hasn't. */
const bytes = modelBytes({
  opsets: { '': 20 },
  inputs: { x: tensorType('float32', ['batch', 4]), y: tensorType('float32', [2, 4]) },
  outputs: { z: tensorType('float32', [2, 4]) },
  initializers: { one: tensorFrom('float32', [], [1]) },
  nodes: [
    { op: 'Mul', name: 'scale', inputs: ['x', 'y'], outputs: ['s'] },
    { op: 'Gelu', name: 'act', inputs: ['s'], outputs: ['z'] },
  ],
})

beforeEach(() => {
  // An onnx-mlir on this machine would be asked.
  vi.stubEnv('PATH', '')
  vi.stubEnv('ONNX_MLIR_HOME', '')
  vi.stubEnv('ONNX_MLIR_IMAGE', '')
  return () => vi.unstubAllEnvs()
})

describe('report', () => {
  test('tells where nodes run, as text and as JSON', async () => {
    const model = await fileWith('m.onnx', bytes)
    const { code, out, json } = await cliJson('report', model, '--target', 'z16')
    expect(code).toBe(0)
    expect(out).toMatch(/^m\.onnx on z16: 0\.0 % of \d+ FLOPs on NNPA with batch = 1 \(predicted by rules/)
    expect(json).toMatchObject({
      target: 'z16',
      assumedOne: ['batch'],
      source: 'predicted',
      nodes: [
        { name: 'scale', op: 'Mul', device: 'cpu', reasons: [expect.stringContaining('have the same shape')] },
        { name: 'act', op: 'Gelu', device: 'cpu', reasons: [expect.stringContaining('not compatible')] },
      ],
      summary: { nnpa: 0, cpu: 2, folded: 0, flopsShare: 0 },
    })
  })

  test('overwrites neither the model nor what it just wrote', async () => {
    const model = await fileWith('m.onnx', bytes)
    for (const option of ['--html', '--save-placement']) {
      const refused = await cli('report', model, option, join(dirname(model), '.', 'm.onnx'))
      expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('would overwrite the model') })
    }
    const page = join(dirname(model), 'out')
    const twice = await cli('report', model, '--html', page, '--save-placement', page)
    expect(twice).toMatchObject({ code: 2, err: expect.stringContaining('would overwrite what --html writes') })
    expect(await readFile(model)).toEqual(Buffer.from(bytes))
  })

  test('what would move', async () => {
    const model = await fileWith('m.onnx', bytes)
    const { out, json } = await cliJson('report', model, '--what-if', 'dims=batch:2,target=z17')
    expect(out).toContain('2 nodes would move (z17):')
    expect(json.moves).toMatchObject([
      { name: 'scale', from: 'cpu', to: 'nnpa' },
      { name: 'act', from: 'cpu', to: 'nnpa' },
    ])
    expect((await cli('report', model, '--what-if', 'target=z16')).out).toContain('Nothing would move (z16).')
  })

  test('a minimum that isn’t reached fails', async () => {
    const model = await fileWith('m.onnx', bytes)
    const missed = await cli('report', model, '--min-nnpa', '0.9')
    expect(missed).toMatchObject({ code: 1, out: expect.stringContaining('less than the 90.0 % asked for') })
    expect(await cli('report', model, '-t', 'z17', '--dims', 'batch=2', '--min-nnpa', '0.9')).toMatchObject({ code: 0 })
  })

  test.each([
    ['no work at all', 'Transpose', tensorType('float32', [2, 4]), 'it has no floating-point operations'],
    ['work that nobody can count', 'Exp', tensorType('float32'), `those of node "e" (Exp) on the CPU can't be counted`],
  ])('a minimum of %s fails, unless it asks for nothing', async (_, op, type, message) => {
    const source = {
      opsets: { '': 20 },
      inputs: { x: type },
      outputs: { y: undefined },
      nodes: [{ op, name: 'e', inputs: ['x'], outputs: ['y'] }],
    }
    const model = await fileWith('m.onnx', modelBytes(source))
    const missed = await cli('report', model, '--min-nnpa', '0.9')
    expect(missed).toMatchObject({ code: 1, out: expect.stringContaining(message) })
    expect(await cli('report', model, '--min-nnpa', '0')).toMatchObject({ code: 0 })
  })

  test('a placement goes round: saved, edited, read as the model’s sidecar', async () => {
    const model = await fileWith('m.onnx', bytes)
    const sidecar = join(dirname(model), 'm.placement.json')
    const z17 = ['report', model, '-t', 'z17', '--dims', 'batch=2'] as const
    await cli(...z17, '--save-placement', sidecar)
    const saved = await readFile(sidecar, 'utf8')
    expect(JSON.parse(saved).nnpa_ops_config).toHaveLength(2)
    await writeFile(sidecar, saved.replace('"nnpa"', '"cpu"'))
    const { json } = await cliJson(...z17)
    expect(json.nodes.map(({ device }: { device: string }) => device)).toEqual(['cpu', 'nnpa'])
    // It is none of another model's beside it, which has one of its own.
    const beside = model.replace('.onnx', '.tflite')
    await writeFile(beside, bytes)
    const devices = async () => {
      const { json } = await cliJson('report', beside, '-t', 'z17', '--dims', 'batch=2')
      return json.nodes.map(({ device }: { device: string }) => device)
    }
    expect(await devices()).toEqual(['nnpa', 'nnpa'])
    await writeFile(`${beside}.placement.json`, saved.replace('"nnpa"', '"cpu"'))
    expect(await devices()).toEqual(['cpu', 'nnpa'])
  })

  test('a page', async () => {
    const model = await fileWith('m.onnx', bytes)
    const page = join(dirname(model), 'm.html')
    expect(await cli('report', model, '--html', page)).toMatchObject({ code: 0 })
    expect(await readFile(page, 'utf8')).toContain('<title>m.onnx on z16: NNPA report</title>')
  })

  test('nodes without names are left out of a placement, which is said', async () => {
    const nameless = modelBytes({
      opsets: { '': 13 },
      inputs: { x: tensorType('float32', [4]) },
      outputs: { y: tensorType('float32', [4]) },
      nodes: [{ op: 'Exp', inputs: ['x'], outputs: ['y'] }],
    })
    const model = await fileWith('n.onnx', nameless)
    const { err } = await cli('report', model, '--save-placement', join(dirname(model), 'p.json'))
    expect(err).toContain('1 node has no name')
  })

  test.each([
    [['-t', 'z15'], /only z16 and z17 have NNPA, not "z15"/],
    [['--min-nnpa', '90'], /share from 0 to 1/],
    [['--min-nnpa', ' '], /share from 0 to 1/],
    [['--min-nnpa', '0x1'], /share from 0 to 1/],
    [['--min-nnpa', '-0.5'], /share from 0 to 1/],
    [['--what-if', 'batch=3'], /--what-if must be like dims=batch:32,target=z17/],
    [['--what-if', 'dims=batch:0'], /each at least 1/],
    [['--what-if', 'target=host'], /target must be z16 or z17/],
    [['--what-if', 'dims=btch:2'], /no symbolic dimension "btch"/],
    [['--dims', 'seq=2'], /no symbolic dimension "seq"/],
    [['--dialect', 'xml'], /config-file or device-placement/],
    [['--placement', '/nowhere.json'], /Can't read the placement \/nowhere\.json \(ENOENT\)/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, err } = await cli('report', await fileWith('m.onnx', bytes), ...args)
    expect(err).toMatch(message)
    expect(code).toBe(2)
  })

  test('a placement that names unknown nodes, or is none', async () => {
    const model = await fileWith('m.onnx', bytes)
    const unknown = await fileWith(
      'p.json',
      '{"device_placement":[{"device":"cpu","node_type":"onnx.Mul","onnx_node_name":"scal"}]}',
    )
    expect(await cli('report', model, '--placement', unknown)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no node of .* is called "scal".*Did you mean "scale"\?/),
    })
    const garbage = await fileWith('p.json', '[')
    expect(await cli('report', model, '--placement', garbage)).toMatchObject({
      code: 2,
      err: expect.stringContaining('not JSON'),
    })
  })

  test('files that can’t be written', async () => {
    const model = await fileWith('m.onnx', bytes)
    for (const option of ['--html', '--save-placement'])
      expect(await cli('report', model, option, '/nowhere/x')).toMatchObject({
        code: 1,
        err: expect.stringContaining("Can't write /nowhere/x"),
      })
  })
})
