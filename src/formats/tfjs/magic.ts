/**
 * Whether a file is a `model.json` of TensorFlow.js: a JSON object that has what only those have. Before the reader is loaded.
 * A model's keys are near its beginning or, behind the topology, at its end.
 */
export function isTfjs(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!/^\uFEFF?\s*\{/.test(file.toString('utf8', 0, 64))) return false
  return file.includes('"modelTopology"') || file.includes('"weightsManifest"')
}
