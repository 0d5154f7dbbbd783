import type { OnnxMlirSettings } from '../compilers/look-for-onnx-mlir.ts'
import type { ReadOptions } from '../onnx/limits.ts'
import type { OperatorDefinition } from '../ops/user/define.ts'
import type { RequestOptions } from '../request/index.ts'
import type { ReportSettings } from './report-settings.ts'

/** Options of the plugin and of the programmatic API: defaults of all directives, and where artifacts are kept. */
export interface PluginOptions extends RequestOptions, Omit<ReadOptions, 'operators'> {
  /** Operators of yours, see `defineOperator`. */
  readonly operators?: readonly OperatorDefinition[]
  /** Folder of the cache; `false`: nothing is kept beyond this process. Default: the project's `node_modules/.cache`. */
  readonly cache?: string | false
  /**
   * The Python that reads TorchScript, Python modules and Keras, which must have torch or Keras; `false`: none is run. Default: the
   * first that has it, as docs/python.md says. None is run that no import asks for.
   */
  readonly python?: string | false
  /** Where onnx-mlir is and what it is asked for beside what directives say. Default: environment and PATH. */
  readonly onnxMlir?: OnnxMlirSettings
  /** What runs on NNPA, told at build time for z16 and z17; `false`: no report. */
  readonly report?: ReportSettings | false
}
