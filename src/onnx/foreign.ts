/** What people give us instead of an ONNX model, known by how it begins, and what to do about it. */
const foreign: readonly {
  readonly begin: string | RegExp
  readonly at?: number
  readonly is: string
  readonly advice: string
}[] = [
  {
    begin: 'version https://git-lfs',
    is: 'a Git LFS pointer, not the model itself',
    advice: 'Run `git lfs install && git lfs pull` in its repository.',
  },
  {
    begin: /^\s*<(!doctype|html|\?xml)/i,
    is: 'a web page, not a model',
    advice: 'Download the file itself, not the page about it.',
  },
  {
    begin: 'PK\x03\x04',
    is: 'a ZIP archive (or a PyTorch file, which is one)',
    advice: 'Unpack it; a PyTorch model has to be exported with torch.onnx.export.',
  },
  { begin: '\x1f\x8b', is: 'a gzip archive', advice: 'Unpack it.' },
  {
    begin: '\x80\x02',
    is: 'a Python pickle, as torch.save wrote it long ago',
    advice: 'Save the model with torch.jit.save or torch.export.save.',
  },
  { begin: '\x89HDF', is: 'an HDF5 file, as Keras writes', advice: 'Convert it with tf2onnx.' },
  {
    begin: 'TFL3',
    at: 4,
    is: 'a TensorFlow Lite model',
    advice: 'Give the path of the file, so that it is converted.',
  },
  { begin: 'ORTM', at: 4, is: 'an ONNX Runtime model (.ort)', advice: 'Use the .onnx file that it was made from.' },
  { begin: /^\s*[{[]\s*"/, is: 'JSON, not an ONNX model', advice: 'Give the path of the model file.' },
  { begin: /^[\t\n\r -~]{32}/, is: 'a text file, not an ONNX model', advice: 'Give the path of the model file.' },
]

/** Tells what a file is that can't be an ONNX model, by its first bytes; none of these begins a valid `ModelProto`. */
export function foreignFile(bytes: Uint8Array): { readonly is: string; readonly advice: string } | undefined {
  if (bytes.length === 0) return { is: 'empty', advice: 'Download or export it again.' }
  const head = String.fromCharCode(...bytes.subarray(0, 64))
  return foreign.find(({ begin, at = 0 }) =>
    typeof begin === 'string' ? head.startsWith(begin, at) : begin.test(head.slice(at)),
  )
}
