import { readFile } from 'node:fs/promises'
import { OnnxMlirError, UsageError } from '../errors/index.ts'
import { reportCompile } from '../onnx-mlir/compile.ts'
import type { DriveContext } from '../onnx-mlir/drive.ts'
import { findOnnxMlir, type FindOptions } from '../onnx-mlir/find.ts'
import type { Installation } from '../onnx-mlir/installation.ts'
import { parsePlacement, type PlacementRule } from '../onnx-mlir/placement.ts'
import { capabilitiesOf } from '../onnx-mlir/probe.ts'
import type { Model } from '../onnx/model.ts'
import { readModel } from '../formats/read.ts'
import { expectFields } from '../options/expect.ts'
import { isObject, kinds, type KindsOf, objectOf, recordOf } from '../options/kinds.ts'
import { findKinds } from './onnx-mlir-kinds.ts'
import { type NnpaLevel, nnpaLevels } from '../report/nnpa-level.ts'
import { withNodeNames } from '../report/node-names.ts'
import { expectMatches } from '../report/placement.ts'
import { createReport, type Report } from '../report/report.ts'
import { resolveTarget } from '../targets/index.ts'

export interface NnpaReportOptions extends FindOptions {
  /** Sizes for symbolic dimensions, by name. */
  readonly dims?: Readonly<Record<string, number>>
  readonly placement?: { readonly rules: readonly PlacementRule[]; readonly origin: string }
  /** Don't ask an onnx-mlir, even where there is one. Default false. */
  readonly predicted?: boolean
  readonly context?: DriveContext
  readonly onProgress?: (line: string) => void
  readonly onWarning?: (line: string) => void
}

const placementKind: KindsOf<NonNullable<NnpaReportOptions['placement']>> = { rules: kinds.objects, origin: kinds.text }

const fields: KindsOf<NnpaReportOptions> = {
  ...findKinds,
  signal: kinds.signal,
  env: kinds.object,
  dims: recordOf(kinds.amount),
  placement: objectOf(placementKind),
  predicted: kinds.boolean,
  context: kinds.object,
  onProgress: kinds.function,
  onWarning: kinds.function,
}

/**
 * The NNPA report on a model: from a compile where an onnx-mlir with NNPA is found, which works on any machine as it
 * makes no machine code; else predicted by rules.
 *
 * @param of path of an ONNX file, or a model that was read
 * @throws UsageError for arguments that are none and a placement that names unknown nodes, ModelError for a file that is no model,
 *   EnvironmentError for an onnx-mlir that was named and is absent
 */
export async function nnpaReport(
  of: string | Model,
  target: NnpaLevel,
  options: NnpaReportOptions = {},
): Promise<Report> {
  expectFields(options, 'What nnpaReport() is given', fields)
  if (!nnpaLevels.includes(target)) {
    const message = `nnpaReport()'s target must be ${nnpaLevels.join(' or ')}, not ${String(target)}: only these have NNPA`
    throw new UsageError('USAGE_TARGET', message, { given: target, expected: nnpaLevels })
  }
  const model = typeof of === 'string' ? await readModel(of) : of
  if (!isObject(model) || !('graph' in model))
    throw new UsageError('USAGE_OPTION', "nnpaReport()'s first argument must be the path of a model", { given: of })
  const { dims, placement, predicted = false, onWarning = () => {} } = options
  if (placement) expectMatches(model, placement.rules, placement.origin)
  const settings = { ...(dims && { dims }), ...(placement && { placement: placement.rules }) }
  const installation = predicted ? undefined : await findOnnxMlir(options)
  if (!installation) return createReport(model, target, settings)
  try {
    const compiled = await compileForReport(installation, model, target, options)
    if (compiled) return createReport(model, target, { ...settings, compiled })
    onWarning('The report is predicted: this onnx-mlir was built without NNPA.')
  } catch (error) {
    if (!(error instanceof OnnxMlirError) || options.signal?.aborted) throw error
    onWarning(`The report is predicted, as onnx-mlir failed: ${error.message}`)
  }
  return createReport(model, target, settings)
}

async function compileForReport(
  installation: Installation,
  model: Model,
  target: NnpaLevel,
  { dims, placement, context, signal, onProgress = () => {} }: NnpaReportOptions,
) {
  const { nnpa } = await capabilitiesOf(installation, context?.capabilityStore)
  if (!nnpa) return undefined
  onProgress('asking onnx-mlir where operations would run')
  const named = withNodeNames(model)
  return reportCompile(
    installation,
    named.model,
    { target: resolveTarget(target), ...(dims && { dims }), ...(placement && { placement }) },
    { ...context, ...(signal && { signal }), ...(named.bytes && { bytes: named.bytes }) },
  )
}

/**
 * Reads a placement file in any dialect of onnx-mlir.
 * @throws UsageError `USAGE_PLACEMENT` if it can't be read or isn't one
 */
export async function readPlacement(path: string): Promise<NonNullable<NnpaReportOptions['placement']>> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const message = `Can't read the placement ${path} (${cause.code ?? cause.message}). Make one with report --save-placement.`
    throw new UsageError('USAGE_PLACEMENT', message, { file: path }, { cause })
  })
  return { rules: parsePlacement(text, path), origin: path }
}
