import { modelFile } from '../request/request.ts'
import { assumedText } from '../report/assumed.ts'
import { resolveTarget } from '../targets/index.ts'
import { printable } from '../errors/printable.ts'
import type { Command } from './command.ts'
import { type InspectedValue, type Inspection, inspectModel } from './inspection.ts'
import { modelArgument } from './model-build.ts'
import { operatorsFlag } from './operators.ts'
import { pythonFlag } from './reading.ts'
import { readNamed } from './read-named.ts'
import { dimsFlag, dimsOption } from './dims.ts'
import { expectSymbols } from './expect-symbols.ts'
import { textStages } from '../onnx-mlir/options.ts'
import { bold, bytesText, countText, dim, table, yellow } from './style.ts'
import { summaries } from './summaries.ts'

export const inspect: Command = {
  name: 'inspect',
  summary: summaries.inspect,
  positionals: modelArgument,
  options: {
    dims: dimsFlag('sizes of symbolic dimensions (default: 1 each; with --stages: left open)'),
    target: {
      type: 'string',
      short: 't',
      value: 'T',
      help: 'machine to plan memory and make stages for (default: host)',
    },
    operators: operatorsFlag,
    python: pythonFlag,
    stages: { type: 'boolean', help: 'instead: how onnx-mlir turns the model into LLVM IR, see below' },
    stage: { type: 'string', value: 'NAME', help: `instead: the text of one stage: ${textStages.join(', ')}` },
    out: { type: 'string', short: 'o', value: 'DIR', help: 'keep the texts of the stages here' },
  },
  notes: `FLOPs: a multiply-add counts two, an elementwise operation one per element, bodies of loops count once.
Memory is that of the built-in compiler; FLOPs and memory are left out where it lacks an operator of the model.
--stages counts operations from the model's own nodes (onnx) over the stages of onnx-mlir, by dialect and operator; zhigh
and zlow are there for z16 and z17, where onnx-mlir has NNPA. Exit code 1 where it failed at a stage.
--stage prints, large constants left out: unplugin-onnx-mlir inspect m.onnx --stage mlir | less`,
  async run(invocation) {
    const { positionals, values, flags, usage, progress } = invocation
    if (flags.has('stages') || values['stage'] !== undefined) {
      const { inspectStages } = await import('./inspect-stages.ts')
      return inspectStages(invocation)
    }
    if (values['out'] !== undefined) throw usage('--out is for --stages and --stage')
    const id = positionals[0] ?? ''
    const dims = dimsOption(invocation)
    const target = resolveTarget(values['target'] ?? 'host')
    progress(`reading ${modelFile(id)}`)
    const model = await readNamed(id, invocation)
    expectSymbols(dims, model, usage)
    const inspection = inspectModel(model, new Map(Object.entries(dims)), target)
    return { ok: true, text: describe(inspection), json: inspection }
  },
}

function describe(model: Inspection): string {
  const { flops, memory, assumedOne, notes } = model
  const sizes = assumedText(assumedOne)
  const assumed = sizes ? dim(` (${sizes})`) : ''
  const facts: [string, string][] = [
    ['file', model.files.map(({ path, bytes }) => `${path} (${bytesText(bytes)})`).join(', ')],
    [
      'opset',
      Object.entries(model.opset)
        .map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`)
        .join(', '),
    ],
    ...(model.format === 'ONNX' ? [] : [['format', model.format] as [string, string]]),
    ['IR version', String(model.irVersion)],
    ['producer', printable(model.producer) || '-'],
    ['parameters', parametersText(model)],
    ['FLOPs', flops === null ? 'unknown' : `${countText(flops)}${assumed}`],
    ['memory', memory === null ? 'unknown' : `${memoryText(memory)}${assumed}`],
    ...(model.functions.length > 0
      ? [['functions', model.functions.map(printable).join(', ')] as [string, string]]
      : []),
    ...Object.entries(model.metadata).map(([key, value]): [string, string] => [printable(key), printable(value)]),
  ]
  return [
    table(facts.map(([name, fact]) => [bold(name), fact])),
    `${bold('inputs')}\n${values(model.inputs)}`,
    `${bold('outputs')}\n${values(model.outputs)}`,
    `${bold('operators')} ${dim(`(${model.nodes} nodes)`)}\n${operators(model.operators)}`,
    ...notes.map((note) => yellow(note)),
  ].join('\n\n')
}

function parametersText({ parameters, parameterBytes, constants }: Inspection): string {
  const text = `${countText(parameters)}, ${bytesText(parameterBytes)}`
  return constants > parameters ? `${text}; ${countText(constants)} numbers in Constant nodes` : text
}

function memoryText({ arena, weights, activationPeak }: NonNullable<Inspection['memory']>): string {
  return `${bytesText(weights)} weights, ${bytesText(arena)} arena, ${bytesText(activationPeak)} activations at most`
}

function values(entries: readonly InspectedValue[]): string {
  return table(
    entries.map(({ name, type, shape }) => [
      `  ${printable(name)}`,
      type,
      shape === null
        ? type.includes('(')
          ? ''
          : 'unknown rank'
        : `[${shape.map((size) => printable(String(size ?? '?'))).join(', ')}]`,
    ]),
  )
}

function operators(counts: Inspection['operators']): string {
  return table(Object.entries(counts).map(([name, count]) => [`  ${printable(name)}`, String(count)]))
}
