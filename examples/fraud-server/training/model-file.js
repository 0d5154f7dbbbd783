import { modelBytes } from '../../../dist/onnx/encode.js'
