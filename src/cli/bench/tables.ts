import { bold, dim, durationText, green, red, table, yellow } from '../style.ts'
import { geometricMean } from '../../measure/statistics.ts'
import type { CallOverhead } from './call-overhead.ts'
import type { EngineResult, ModelResult } from './compare-engines.ts'

/** One model: a line per engine, and one per way to call it. */
export function modelText(name: string, result: ModelResult): string {
  const failures = Object.entries(result).flatMap(([engine, entry]) =>
    'error' in entry ? [`  ${engine}: ${yellow('not available')}: ${String(entry.error)}`] : [],
  )
  const rows = Object.entries(result).flatMap(([engine, entry]) => ('error' in entry ? [] : rowsOf(engine, entry)))
  const heading = ['  engine', 'load', 'min', 'median', 'faster', 'max rel diff'].map(dim)
  return [bold(name), ...(rows.length > 0 ? [table([heading, ...rows])] : []), ...failures].join('\n')
}

/**
 * Of each engine that was compared on several models: the geometric mean of its `pairedRatio`s, and the least.
 * @param results one per model
 */
export function overallRatios(results: readonly ModelResult[]): Record<string, { mean: number; least: number }> {
  const ratios = new Map<string, number[]>()
  for (const result of results)
    for (const [engine, entry] of Object.entries(result)) {
      if ('error' in entry || entry.pairedRatio === null) continue
      ratios.set(engine, [...(ratios.get(engine) ?? []), entry.pairedRatio])
    }
  return Object.fromEntries(
    [...ratios]
      .filter(([, values]) => values.length > 1)
      .map(([engine, values]) => [engine, { mean: geometricMean(values), least: Math.min(...values) }]),
  )
}

export function overallText(overall: ReturnType<typeof overallRatios>): string {
  const rows = Object.entries(overall).map(([engine, { mean, least }]) => [
    `  ${engine}`,
    `${mean.toFixed(2)}x`,
    `${least.toFixed(2)}x`,
  ])
  return [bold('all models'), table([['  engine', 'geometric mean', 'least'].map(dim), ...rows])].join('\n')
}

function rowsOf(engine: string, result: EngineResult): string[][] {
  const { loadMs, runUs, asyncUs, maxRelDiff, agrees, pairedRatio } = result
  const rows = [
    [
      `  ${engine}`,
      durationText(loadMs * 1000),
      durationText(runUs.min),
      durationText(runUs.median),
      pairedRatio === null ? '-' : `${pairedRatio.toFixed(2)}x`,
      maxRelDiff === null ? '-' : (agrees ? green : red)(maxRelDiff.toExponential(1)),
    ],
  ]
  if (asyncUs) rows.push([`  ${engine}, run()`, '', durationText(asyncUs.min), durationText(asyncUs.median)])
  return rows
}

export function overheadText(overhead: CallOverhead): string {
  const { elements, runSyncNs, boundRunNs, javaScriptNs, beyondArithmeticNs, onnxruntimeNs } = overhead
  const row = (name: string, { min, median }: { min: number; median: number }): string[] => [
    `  ${name}`,
    durationText(min / 1000),
    durationText(median / 1000),
  ]
  return [
    `${bold('call-overhead')}: Relu(x + b) of ${elements} numbers`,
    table([
      ['  call', 'min', 'median'].map(dim),
      row('builtin runSync', runSyncNs),
      row('builtin, bound run', boundRunNs),
      row('plain JavaScript', javaScriptNs),
      row('runSync beyond the arithmetic', beyondArithmeticNs),
      ...('error' in onnxruntimeNs ? [] : [row('onnxruntime-node run', onnxruntimeNs)]),
    ]),
    ...('error' in onnxruntimeNs ? [`  onnxruntime-node: ${yellow('not available')}: ${onnxruntimeNs.error}`] : []),
  ].join('\n')
}
