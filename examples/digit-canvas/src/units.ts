/** A time, to two digits: `850 ns`, `34 µs`, `1.2 ms`. @param ms milliseconds */
export function duration(ms: number): string {
  if (ms >= 1) return `${short(ms)} ms`
  return ms >= 1e-3 ? `${short(1e3 * ms)} µs` : `${short(1e6 * ms)} ns`
}

/** @param bytes in units of a thousand, as networks count */
export function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

export function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}

function short(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value))
}
