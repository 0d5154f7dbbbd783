import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parsePlacement } from '../../src/onnx-mlir/placement.ts'
import { expectMatches, placementOf } from '../../src/report/placement.ts'
import { checkMinimum, createReport, percent } from '../../src/report/report.ts'
import { topReasons } from '../../src/report/reasons.ts'
import { countText, movesText, reportText } from '../../src/report/text.ts'
import { movesBetween } from '../../src/report/what-if.ts'
import { filled, modelOf } from './build.ts'

/** A product of 2 · 4 · 8 · 5 = 320 operations on NNPA, and 20 that NNPA hasn't. */
const model = modelOf({
  inputs: { x: [4, 8] },
  constants: { w: filled([8, 5]) },
  nodes: [
    ['MatMul', 'x w'],
    ['Erf', 'matmul0'],
  ],
})

describe('a report', () => {
  test('tells devices, shapes, edges and costs', () => {
    const { nodes, summary } = createReport(model, 'z16')
    expect(nodes).toEqual([
      {
        name: 'MatMul_0',
        op: 'MatMul',
        device: 'nnpa',
        reasons: [],
        with: [],
        flops: 320,
        outputs: ['float32[4, 5]'],
        inputs: [],
      },
      {
        name: 'Erf_1',
        op: 'Erf',
        device: 'cpu',
        reasons: [],
        note: 'NNPA has no Erf.',
        with: [],
        flops: nodes[1]!.flops,
        outputs: ['float32[4, 5]'],
        inputs: [0],
      },
    ])
    expect(summary).toMatchObject({ nnpa: 1, cpu: 1, folded: 0 })
    expect(summary.flopsShare).toBeCloseTo(320 / (320 + nodes[1]!.flops))
  })

  test('fits its schema, with and without what is optional', () => {
    const schema: object = JSON.parse(
      readFileSync(new URL('../../src/report/nnpa.schema.json', import.meta.url), 'utf8'),
    )
    const validate = new Ajv2020({ allErrors: true, strict: true }).compile(schema)
    const before = createReport(model, 'z16')
    const compiled = { ir: '', reportLines: [], placement: undefined, compiler: { name: 'onnx-mlir', version: '1' } }
    const after = createReport(model, 'z17', { compiled })
    const open = createReport(modelOf({ inputs: { x: ['n', 8] }, nodes: [['Wobble', 'x']] }), 'z17', { dims: { n: 1 } })
    expect(open.summary.uncounted).toBe(1)
    for (const report of [before, after, open, { ...before, moves: movesBetween(before, after) }]) {
      expect(validate(JSON.parse(JSON.stringify(report)))).toBe(true)
    }
    expect(validate({ ...before, target: 'z15' })).toBe(false)
    expect(validate({ ...before, nodes: [{ ...before.nodes[0], device: 'gpu' }] })).toBe(false)
  })

  test('symbolic dimensions count as 1 until they are given', () => {
    const symbolic = modelOf({ inputs: { x: ['n', 8] }, nodes: [['Exp', 'x']] })
    expect(createReport(symbolic, 'z16').nodes[0]).toMatchObject({ flops: 8, outputs: ['float32[n, 8]'] })
    expect(createReport(symbolic, 'z16', { dims: { n: 5 } }).nodes[0]).toMatchObject({
      flops: 40,
      outputs: ['float32[5, 8]'],
    })
  })

  test('minimum', () => {
    const report = createReport(model, 'z16')
    expect(checkMinimum(report, 0.5)).toBeUndefined()
    expect(checkMinimum(report, 1)).toEqual({
      isOfNothing: false,
      text: expect.stringMatching(/^Model test\.onnx: \d\d\.\d % of .* on NNPA \(z16\), less than the 100 % asked for/),
    })
  })

  test('shares and counts for people', () => {
    expect([0, 0.5, 0.9999, 1].map(percent)).toEqual(['0.0 %', '50.0 %', '99.9 %', '100 %'])
    expect([0, 999, 1000, 1.5e9].map(countText)).toEqual(['0 ', '999 ', '1 k', '1.50 G'])
  })
})

describe('as text', () => {
  test('the costliest reasons come first', () => {
    const report = createReport(
      modelOf({
        inputs: { x: [4, 8], y: [8] },
        nodes: [
          ['Abs', 'y'],
          ['Add', 'x y'],
          ['Neg', 'add1'],
        ],
      }),
      'z16',
    )
    expect(topReasons(report).map(({ reason, nodes }) => [reason.slice(0, 20), nodes.length])).toEqual([
      ['The dynamic dimensio', 1],
      ['NNPA has no Neg.', 1],
    ])
    expect(reportText(report)).toContain('0 nodes on NNPA, 2 on the CPU, 1 folded into others or at compile time')
  })

  test('a model without FLOPs is not said to have all of them on NNPA', () => {
    const text = reportText(createReport(modelOf({ inputs: { x: [4] }, nodes: [['Identity', 'x']] }), 'z16'))
    expect(text).toContain(' on z16: no FLOPs that could be on NNPA (predicted')
  })

  test('names can’t rewrite the screen', () => {
    const report = createReport(model, 'z16')
    const hostile = { ...report, nodes: report.nodes.map((node) => ({ ...node, name: '\u001b[2J\u202eevil' })) }
    const text = reportText(hostile) + movesText([{ ...hostile.nodes[0]!, from: 'cpu', to: 'nnpa' }], 'z16')
    for (const character of ['\u001b', '\u202e']) expect(text).not.toContain(character)
  })

  test('what moves with another target', () => {
    const gelu = modelOf({ inputs: { x: [8] }, nodes: [['Gelu', 'x']], opset: 20 })
    const moves = movesBetween(createReport(gelu, 'z16'), createReport(gelu, 'z17'))
    expect(moves).toMatchObject([{ name: 'Gelu_0', op: 'Gelu', from: 'cpu', to: 'nnpa' }])
    expect(movesText(moves, 'z17')).toMatch(
      /^1 node would move \(z17\):\n {2}Gelu_0 \(Gelu\): cpu → nnpa: onnx-mlir NNPA level/,
    )
    expect(movesText([], 'z17')).toBe('Nothing would move (z17).')
  })
})

describe('placement', () => {
  test.each(['config-file', 'device-placement'] as const)('in dialect %s comes back as it was', (dialect) => {
    const rules = parsePlacement(placementOf(createReport(model, 'z16'), model, dialect), 'saved')
    expect(rules).toEqual([
      { nodeType: 'onnx.MatMul', nodeName: 'MatMul_0', device: 'nnpa' },
      { nodeType: 'onnx.Erf', nodeName: 'Erf_1', device: 'cpu' },
    ])
    expectMatches(model, rules, 'saved')
  })

  test('names are escaped, as they are regular expressions', () => {
    const [first, ...others] = model.graph.nodes
    const renamed = { ...model, graph: { ...model.graph, nodes: [{ ...first!, name: 'a.b/[c]+' }, ...others] } }
    const text = placementOf(createReport(renamed, 'z16'), renamed, 'config-file')
    const [rule] = parsePlacement(text, 'saved')
    expect(new RegExp(`^(?:${rule!.nodeName})$`).test('a.b/[c]+')).toBe(true)
    expect(new RegExp(`^(?:${rule!.nodeName})$`).test('aXb/c')).toBe(false)
  })

  test('the first rule that matches a whole name decides', () => {
    const place = (...rules: { nodeName: string; device: 'nnpa' | 'cpu' }[]) =>
      createReport(model, 'z16', { placement: rules }).nodes[0]!
    expect(place({ nodeName: 'MatMul_.*', device: 'cpu' })).toMatchObject({
      device: 'cpu',
      note: 'The placement puts it on the CPU.',
    })
    expect(place({ nodeName: 'MatMul', device: 'cpu' }).device).toBe('nnpa')
    expect(place({ nodeName: 'MatMul_0', device: 'nnpa' }, { nodeName: '.*', device: 'cpu' }).device).toBe('nnpa')
  })

  test('a node that the model hasn’t is an error that names one that it has', () => {
    const rules = [{ nodeName: 'MatMul_9', device: 'cpu' as const }]
    expect(() => expectMatches(model, rules, 'm.placement.json')).toThrow(
      /m\.placement\.json: no node of test\.onnx is called "MatMul_9".*Did you mean "MatMul_0"\?/,
    )
    expect(() => expectMatches(model, [{ nodeName: '(', device: 'cpu' }], 'p')).toThrow(/no regular expression/)
  })
})
