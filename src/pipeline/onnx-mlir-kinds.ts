import type { OnnxMlirSettings } from '../compilers/look-for-onnx-mlir.ts'
import type { FindOptions } from '../onnx-mlir/find.ts'
import type { Instrumentation } from '../onnx-mlir/options.ts'
import { kinds, type KindsOf, objectOf, oneOf, type OptionKind, recordOf } from '../options/kinds.ts'

const count: OptionKind = {
  expected: 'a whole number of at least 1',
  isRight: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
}

const instrument: KindsOf<Instrumentation> = {
  profile: oneOf(['onnx', 'zhigh']),
  signatures: kinds.text,
  nodes: kinds.text,
}

const options: KindsOf<NonNullable<OnnxMlirSettings['options']>> = {
  march: kinds.text,
  accel: oneOf(['NNPA', 'none']),
  parallel: kinds.switchOrTexts,
  bounds: recordOf({
    expected: 'an object like { min: 1, max: 32 }',
    isRight: (value) =>
      kinds.object.isRight(value) &&
      Object.entries(value as object).every(
        ([name, bound]) => ['min', 'max'].includes(name) && (bound === undefined || kinds.amount.isRight(bound)),
      ),
  }),
  shapes: recordOf({
    expected: 'a list of whole numbers, -1 for a size that stays open',
    isRight: (value) => Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= -1),
  }),
  dimParams: kinds.boolean,
  verifyInputs: kinds.boolean,
  constants: oneOf(['auto', 'embed', 'file']),
  placement: kinds.object,
  placementHeuristic: oneOf(['QualifyingOps', 'FasterOps', 'FasterOpsWSU', 'MuchFasterOpsWSU']),
  quantize: kinds.switchOrTexts,
  instrument: objectOf(instrument),
  optReport: oneOf(['Parallel', 'Simd', 'NNPAUnsupportedOps']),
  opStats: kinds.boolean,
  locations: kinds.boolean,
  fastMath: kinds.boolean,
  modelSize: oneOf(['small', 'large']),
  jobs: count,
  extra: kinds.texts,
}

/** What says where an onnx-mlir is. */
export const findKinds: KindsOf<Omit<FindOptions, 'env' | 'signal'>> = {
  path: kinds.text,
  image: kinds.text,
  engine: kinds.text,
  platform: kinds.text,
  pull: kinds.boolean,
  runFlags: kinds.texts,
  builder: kinds.text,
  onPull: kinds.function,
}

const settings: KindsOf<OnnxMlirSettings> = {
  ...findKinds,
  options: objectOf(options),
  timeout: kinds.amount,
  memory: kinds.amount,
  keepTemp: kinds.boolean,
}

/** What `onnxMlir` of options may say. */
export const onnxMlirKind = objectOf(settings)
