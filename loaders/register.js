// `node --import unplugin-onnx-mlir/register`: import and require() take models. Options are package.json's.
import { register } from '../dist/loaders/register.js'

register()
