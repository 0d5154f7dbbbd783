import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { rememberByStat } from '../cache/file-memo.ts'
import { ownVersion, type Store } from '../cache/index.ts'
import { nearestProject } from '../cache/nearest-package.ts'
import { capabilityStore } from '../compilers/capability-store.ts'
import type { CompileContext } from '../compilers/compiler.ts'
import type { OnnxMlirSettings } from '../compilers/look-for-onnx-mlir.ts'
import { limitsOf } from '../compilers/onnx-mlir.ts'
import { inTurn } from '../compilers/turns.ts'
import { generatedFolder, writeLookAway } from '../emit/look-away.ts'
import { CompileError } from '../errors/index.ts'
import { nnpaReport, readPlacement } from './nnpa-report.ts'
import type { FindOptions } from '../onnx-mlir/find.ts'
import type { ModelReadOptions } from '../formats/front-end.ts'
import { readModel } from '../formats/read.ts'
import { reportHtml } from '../report/html/page.ts'
import { isNnpaLevel } from '../report/nnpa-level.ts'
import { checkMinimum, type Report } from '../report/report.ts'
import { reportText } from '../report/text.ts'
import { stemOf } from '../request/extensions.ts'
import type { Request } from '../request/index.ts'
import { findKinds } from './onnx-mlir-kinds.ts'
import type { ReportSettings } from './report-settings.ts'
import { sourceOf } from './source.ts'

export interface BuiltReport {
  /** What the model's module says of it. */
  readonly facts: Pick<Report, 'target' | 'source' | 'summary'>
  /** Path of the page. */
  readonly page: string
}

export interface ReportContext extends Pick<CompileContext, 'signal' | 'progress'> {
  readonly store: Store
  readonly onnxMlir: OnnxMlirSettings
  readonly reading: ModelReadOptions
  readonly mode: 'dev' | 'build'
  log(line: string): void
  warn(line: string): void
}

/**
 * For z16 and z17: reports which nodes run on NNPA, in the log, as JSON and as a page. A placement beside the model
 * (`m.placement.json`, but `m.tflite.placement.json`) counts. The report is remembered as long as the model stays the same.
 *
 * @throws CompileError `COMPILE_NNPA` in builds that reach less than `minNnpa`, or of which nobody can tell
 */
export async function buildReport(
  { path, directives, key }: Request,
  { minNnpa, folder: asked }: ReportSettings,
  context: ReportContext,
): Promise<BuiltReport | undefined> {
  const level = directives.target
  if (!isNnpaLevel(level)) return undefined
  const project = nearestProject(dirname(path))
  const usual = join(project, generatedFolder, 'reports')
  const folder = asked ?? usual
  const sidecar = `${stemOf(path)}.placement.json`
  const placement = existsSync(sidecar) ? await readPlacement(sidecar) : undefined
  const reading = { ...context.reading, ...(context.signal && { signal: context.signal }) }
  const { byPython } = await sourceOf(path, context.store.folder, reading)
  let isNew = false
  const kind = [
    'nnpa',
    ownVersion(),
    key,
    JSON.stringify([
      placement?.rules,
      context.onnxMlir.path,
      context.onnxMlir.image,
      reading.operators ?? [],
      byPython,
    ]),
  ].join(' ')
  const text = await rememberByStat(context.store.folder, kind, path, () =>
    inTurn('onnx-mlir', basename(path), context, async () => {
      isNew = true
      const model = await readModel(path, reading)
      const report = await nnpaReport(model, level, {
        ...whereIs(context.onnxMlir),
        dims: directives.dims,
        predicted: directives.untrusted,
        ...(placement && { placement }),
        context: { capabilityStore: capabilityStore(context.store.folder), ...limitsOf(context.onnxMlir) },
        onWarning: context.warn,
        ...(context.signal && { signal: context.signal }),
      })
      return JSON.stringify(report)
    }),
  )
  const report = JSON.parse(text) as Report
  const { target, source, summary } = report
  const stem = join(folder, `${basename(stemOf(path))}-${level}.nnpa`)
  if (isNew || !existsSync(`${stem}.html`)) {
    await mkdir(folder, { recursive: true })
    if (folder === usual) await writeLookAway(project)
    await writeFile(`${stem}.json`, `${JSON.stringify(report, null, 1)}\n`)
    await writeFile(`${stem}.html`, reportHtml(report))
    context.log(`${reportText(report)}\nreport: ${stem}.html`)
  }
  const problem = minNnpa === undefined ? undefined : checkMinimum(report, minNnpa)
  if (problem && context.mode === 'build') {
    // The option is for all models of a project, some of which may only move data.
    if (!problem.isOfNothing) throw new CompileError('COMPILE_NNPA', problem.text, { model: path, summary })
    context.warn(problem.text)
  }
  return { facts: { target, source, summary }, page: `${stem}.html` }
}

/** What settings say of where an onnx-mlir is, without what it is asked for. */
function whereIs(settings: OnnxMlirSettings): FindOptions {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => Object.hasOwn(findKinds, name)))
}
