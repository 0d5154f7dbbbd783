// The loader of `unplugin-onnx-mlir/loader`: for webpack without the plugin. Options are those of the plugin.
export { pitch } from '../dist/plugin/webpack-loader.js'
