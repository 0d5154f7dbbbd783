/** Whether a file is a FlatBuffer of TensorFlow Lite, by the identifier of its schema; before the reader is loaded. */
export function isTflite(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(4, 8)) === 'TFL3'
}
