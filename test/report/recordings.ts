import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelsDir } from '../onnx/suite.ts'

/** What a real onnx-mlir said; it lies outside the repository. */
const folder = join(
  process.env['ONNX_MLIR_RECORDINGS'] ?? join(import.meta.dirname, '../../../shared/recordings/onnx-mlir'),
  '..',
)

interface RecordedOperation {
  readonly op: string
  readonly from: readonly string[]
}

/** What happened to one rule model on one level. */
export interface Recorded {
  readonly exit: number
  readonly report: readonly (readonly [op: string, node: string, reason: string])[]
  readonly ir: readonly RecordedOperation[]
}

const verdictsFile = join(folder, 'nnpa-rules', 'verdicts.json')
export const haveVerdicts = existsSync(verdictsFile)
if (!haveVerdicts) console.log(`skipped: comparison with a real onnx-mlir's verdicts, since ${verdictsFile} is absent`)

/** Rule models that are there, with what was recorded of them. */
export function verdicts(): [path: string, levels: Readonly<Record<'z16' | 'z17', Recorded>>][] {
  if (!haveVerdicts) return []
  const all = JSON.parse(readFileSync(verdictsFile, 'utf8')) as Record<string, Record<'z16' | 'z17', Recorded>>
  return Object.entries(all)
    .map(([name, levels]) => [join(folder, 'nnpa-rules', 'models', `${name}.onnx`), levels] as [string, typeof levels])
    .filter(([path]) => existsSync(path))
}

/** Where a recorded node ran: on NNPA if an operation of ZHigh other than a conversion comes from it. */
export function recordedDevice({ ir }: Recorded, node: string): 'nnpa' | 'cpu' | 'folded' {
  const operations = ir.filter(({ from }) => from.includes(node))
  if (operations.some(({ op }) => op.startsWith('zhigh.') && !/Stick|Unstick/.test(op))) return 'nnpa'
  return operations.length > 0 ? 'cpu' : 'folded'
}

/** The compiler adds numbers to the parts of a node. */
export function recordedReasons({ report }: Recorded, node: string): string[] {
  return [
    ...new Set(report.filter(([, name]) => name.replace(/(?<=_\d+)_\d+$/, '') === node).map(([, , reason]) => reason)),
  ]
}

/** The real models whose compile for NNPA was recorded. */
export const realModels = {
  mlp: join(folder, 'nnpa-rules', 'models', 'mlp.onnx'),
  'mnist-8': join(modelsDir, 'mnist-8.onnx'),
  'fraud-lstm': join(modelsDir, 'fraud-lstm.onnx'),
  'ultraface-rfb-320': join(modelsDir, 'ultraface-rfb-320.onnx'),
} as const

export const haveModels = Object.values(realModels).every((path) => existsSync(path))
if (!haveModels) console.log('skipped: reports on real models, since not all of them are there')

/** The three sources that one compile gave. */
export function sources(model: keyof typeof realModels, level: 'z16' | 'z17') {
  const text = (file: string): string => readFileSync(join(folder, 'onnx-mlir', `${model}.nnpa-${level}`, file), 'utf8')
  return {
    ir: text('model.tmp'),
    reportLines: text('stdout.txt').split('\n'),
    placement: text('config.json'),
    compiler: { name: 'onnx-mlir', version: '0.4.2' },
  }
}
