import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { rememberByStat } from '../cache/file-memo.ts'
import { ownVersion, type Store } from '../cache/index.ts'
import { capabilityStore } from '../compilers/capability-store.ts'
import type { CompileContext } from '../compilers/compiler.ts'
import type { OnnxMlirSettings } from '../compilers/onnx-mlir.ts'
import { inTurn } from '../compilers/turns.ts'
import { CompileError, UsageError } from '../errors.ts'
import { nnpaReport, readPlacement } from '../nnpa-report.ts'
import type { ReadOptions } from '../onnx/limits.ts'
import { readModel } from '../onnx/read.ts'
import { reportHtml } from '../report/html/page.ts'
import { isNnpaLevel } from '../report/nnpa-level.ts'
import { checkMinimum, type Report } from '../report/report.ts'
import { reportText } from '../report/text.ts'
import type { Request } from '../request/index.ts'

export interface ReportSettings {
  /** Fail the build when less than this share of the floating-point operations runs on NNPA, from 0 to 1. */
  readonly minNnpa?: number
  /** Where `*.nnpa.json` and the page are written. Default: `.onnx-mlir/reports` of the project. */
  readonly folder?: string
}

export interface BuiltReport {
  /** What the model's module says of it. */
  readonly facts: Pick<Report, 'target' | 'source' | 'summary'>
  /** Path of the page. */
  readonly page: string
}

export interface ReportContext extends Pick<CompileContext, 'signal' | 'progress'> {
  readonly store: Store
  readonly onnxMlir: OnnxMlirSettings
  readonly reading: ReadOptions
  readonly mode: 'dev' | 'build'
  log(line: string): void
  warn(line: string): void
}

/**
 * For z16 and z17: reports which nodes run on NNPA, in the log, as JSON and as a page. A placement beside the model
 * (`m.placement.json`) counts. The report is remembered as long as the model stays the same.
 *
 * @throws CompileError `COMPILE_NNPA` in builds that reach less than `minNnpa`
 * @throws UsageError `USAGE_OPTION` where `minNnpa` is no share
 */
export async function buildReport(
  { path, directives, key }: Request,
  { minNnpa, folder = join(projectOf(path), '.onnx-mlir', 'reports') }: ReportSettings,
  context: ReportContext,
): Promise<BuiltReport | undefined> {
  checkShare(minNnpa)
  const level = directives.target
  if (!isNnpaLevel(level)) return undefined
  const sidecar = path.replace(/\.onnx$/i, '.placement.json')
  const placement = existsSync(sidecar) ? await readPlacement(sidecar) : undefined
  let isNew = false
  const kind = [
    'nnpa',
    ownVersion(),
    key,
    JSON.stringify([placement?.rules, context.onnxMlir.path, context.onnxMlir.image, context.reading?.operators ?? []]),
  ].join(' ')
  const text = await rememberByStat(context.store.folder, kind, path, () =>
    inTurn('onnx-mlir', basename(path), context, async () => {
      isNew = true
      const model = await readModel(path, { ...context.reading, ...(context.signal && { signal: context.signal }) })
      const report = await nnpaReport(model, level, {
        ...context.onnxMlir,
        dims: directives.dims,
        predicted: directives.untrusted,
        ...(placement && { placement }),
        context: { capabilityStore: capabilityStore(context.store.folder) },
        onWarning: context.warn,
        ...(context.signal && { signal: context.signal }),
      })
      return JSON.stringify(report)
    }),
  )
  const report = JSON.parse(text) as Report
  const stem = join(folder, `${basename(path, '.onnx')}-${level}.nnpa`)
  if (isNew || !existsSync(`${stem}.html`)) {
    await mkdir(folder, { recursive: true })
    await writeFile(`${stem}.json`, `${JSON.stringify(report, null, 1)}\n`)
    await writeFile(`${stem}.html`, await reportHtml(report))
    context.log(`${reportText(report)}\nreport: ${stem}.html`)
  }
  const problem = minNnpa === undefined ? undefined : checkMinimum(report, minNnpa)
  if (problem && context.mode === 'build')
    throw new CompileError('COMPILE_NNPA', problem, { model: path, summary: report.summary })
  const { target, source, summary } = report
  return { facts: { target, source, summary }, page: `${stem}.html` }
}

/** The folder of the nearest package.json above a model; the model's own where there is none. */
function projectOf(path: string): string {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) return dirname(path)
  }
}

/** @throws UsageError `USAGE_OPTION`: no build reaches NaN, and every one reaches -1 */
export function checkShare(minNnpa: unknown): void {
  if (minNnpa === undefined || (typeof minNnpa === 'number' && minNnpa >= 0 && minNnpa <= 1)) return
  const given = typeof minNnpa === 'string' ? JSON.stringify(minNnpa) : String(minNnpa)
  const message = `The option report.minNnpa must be a share from 0 to 1, like 0.9, not ${given}.`
  throw new UsageError('USAGE_OPTION', message, { option: 'report.minNnpa', given })
}
