/** The same import in Node: compiled to native code, to compare with. */
export { default } from '../fraud.onnx'
