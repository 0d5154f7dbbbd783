import { describe, expect, test } from 'vitest'
import { basename } from 'node:path'
import { readModel } from '../../src/formats/read.ts'
import { isAccelerated, parseFinalIr } from '../../src/report/compiler/final-ir.ts'
import { nnpaLevels } from '../../src/report/nnpa-level.ts'
import { createReport } from '../../src/report/report.ts'
import {
  haveModels,
  haveVerdicts,
  realModels,
  recordedDevice,
  recordedReasons,
  sources,
  verdicts,
} from './recordings.ts'

describe.runIf(haveVerdicts)('rules against a real onnx-mlir', () => {
  test.each(verdicts().map(([path, levels]) => [basename(path, '.onnx'), path, levels] as const))(
    '%s',
    async (_, path, levels) => {
      const model = await readModel(path)
      for (const level of nnpaLevels) {
        const recorded = levels[level]
        // A compile that crashed says nothing of devices.
        if (recorded.exit !== 0) continue
        const { nodes } = createReport(model, level)
        for (const { name, device, reasons } of nodes) {
          expect({ level, name, device, reasons }).toEqual({
            level,
            name,
            device: recordedDevice(recorded, name),
            reasons: recordedReasons(recorded, name),
          })
        }
      }
    },
  )
})

describe.runIf(haveVerdicts && haveModels)('real models', () => {
  const cases = (Object.keys(realModels) as (keyof typeof realModels)[]).flatMap((name) =>
    nnpaLevels.map((level) => [name, level] as const),
  )

  test.each(cases)('%s on %s: prediction and compile agree on every node', async (name, level) => {
    const model = await readModel(realModels[name])
    const predicted = createReport(model, level)
    const compiled = createReport(model, level, { compiled: sources(name, level) })
    expect(compiled.source).toBe('onnx-mlir')
    expect(compiled.compiler).toBe('onnx-mlir 0.4.2')
    const devices = (nodes: typeof predicted.nodes) => nodes.map((node) => `${node.name} ${node.device}`)
    expect(devices(predicted.nodes)).toEqual(devices(compiled.nodes))
  })

  test('ultraface, whose nodes have no names, has as many operations of each kind on NNPA as its final IR', async () => {
    const { nodes } = createReport(await readModel(realModels['ultraface-rfb-320']), 'z16')
    const inIr = parseFinalIr(sources('ultraface-rfb-320', 'z16').ir).filter(isAccelerated)
    const counted = (op: RegExp) => inIr.filter((operation) => op.test(operation.op)).length
    const predicted = (op: string) => nodes.filter((node) => node.op === op && node.device === 'nnpa').length
    expect(predicted('Conv')).toBe(counted(/Conv2D$/))
    expect(predicted('Softmax')).toBe(counted(/Softmax$/))
    expect(predicted('Div')).toBe(counted(/Div$/))
    expect(predicted('Exp')).toBe(counted(/Exp$/))
    // Two multiplications with constants in a row became one.
    expect(predicted('Mul')).toBe(counted(/Mul$/) + 1)
    expect(nodes.filter((node) => node.op === 'Conv' && node.device === 'cpu')).toHaveLength(21)
  })

  test('what was chosen is told, and squeezes between sequences stay in the layout of the accelerator', async () => {
    const model = await readModel(realModels['fraud-lstm'])
    const { nodes, summary } = createReport(model, 'z16', { compiled: sources('fraud-lstm', 'z16') })
    expect(nodes[0]).toMatchObject({ name: 'LSTM__45', device: 'nnpa', chosen: 'nnpa', flops: 7 * 16 * 420 * 800 * 2 })
    expect(nodes[1]).toMatchObject({ name: 'Squeeze__47', device: 'nnpa' })
    expect(nodes[6]).toMatchObject({ name: 'sequential_1/dense_1/Tensordot', device: 'folded' })
    expect(summary).toMatchObject({ nnpa: 8, cpu: 0, folded: 1, flopsShare: 1 })
  })
})
