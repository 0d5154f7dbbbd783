const units: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }

/** Bytes of a text like `500MB` or `64k`; `undefined` for what is none. */
export function parseSize(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?$/i.exec(text) ?? []
  const factor = units[unit.toUpperCase()]
  return number === undefined || factor === undefined ? undefined : Math.floor(Number(number) * factor)
}
