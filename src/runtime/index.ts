export { ModelLoadError, ModelRunError } from './error-classes.ts'
export { fromFloat16Bits, toFloat16Bits } from './float16.ts'
export type { Metadata } from './metadata.ts'
export type {
  BoundModel,
  LoadOptions,
  LoadProgress,
  LoadSignal,
  Model,
  ModelBase,
  ModelFacts,
  Requirements,
  TensorsOf,
} from './model.ts'
export type { ModelNamed, Models } from './models.ts'
export type { Profile, ProfiledNode, TraceEvent } from './profile.ts'
export type { Result, Row } from './results.ts'
export type {
  CollectionEntry,
  ElementTensorType,
  ElementType,
  MapType,
  OptionalType,
  SequenceType,
  Signature,
  SignatureDim,
  SignatureEntry,
  TensorEntry,
} from './signature.ts'
export type {
  DimsOf,
  Float16Data,
  InputData,
  MapInput,
  Scalar,
  ShapedInput,
  Tensor,
  TensorData,
  TensorDataTypes,
  TensorInput,
} from './tensor.ts'
export type { SharedDim } from './types.ts'
