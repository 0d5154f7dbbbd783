// `unplugin-onnx-mlir/jest`, the transform for models in Jest's configuration.
import { createTransformer } from '../dist/loaders/jest.js'

export default { createTransformer }
